// The kernel's batched datagram calls (recvmmsg, sendmmsg: Linux), through the FFI library koffi. Everything that knows
// how the C library lays out its structures is in here. 64-bit little-endian Linux only; elsewhere `openKernel` says why not.

import { isIPv6 } from 'node:net';
import { constants, endianness } from 'node:os';
import { addressOctets } from '../wire/rr.ts';

/** Octets of the structures of <sys/socket.h> on 64-bit Linux. */
export const SIZE = { MMSGHDR: 64, IOVEC: 16, SOCKADDR: 28, POLLFD: 8 } as const;

/** Octet offsets inside `struct mmsghdr`. */
export const MMSGHDR = {
  NAME: 0,
  NAME_LENGTH: 8,
  IOV: 16,
  IOV_COUNT: 24,
  CONTROL: 32,
  CONTROL_LENGTH: 40,
  FLAGS: 48,
  LENGTH: 56,
} as const;

/** Constants of <sys/socket.h>, <netinet/in.h> and <poll.h> on Linux. */
const C = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM: 2,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_RCVBUF: 8,
  SO_SNDBUF: 7,
  SO_REUSEPORT: 15,
  SO_RCVTIMEO: 20,
  SO_SNDTIMEO: 21,
  IPPROTO_IP: 0,
  IP_PKTINFO: 8,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  IPV6_RECVPKTINFO: 49,
} as const;

export const MSG_DONTWAIT = 0x40;
/** Waits for the first datagram, then takes what else is there. */
export const MSG_WAITFORONE = 0x10000;
export const POLLIN = 1;

/** Octets the kernel is asked to hold for us while we are busy. */
const SOCKET_BUFFER = 4 << 20;

/** Memory that stays where it is, and its address. */
export interface Block {
  readonly octets: Buffer;
  readonly address: number;
}

type Koffi = typeof import('koffi').default;

export interface Kernel {
  /** @returns datagrams received; -1 with `errno` set */
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  /** @returns datagrams sent; -1 with `errno` set */
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  poll(fds: number, count: number, timeoutMs: number): number;
  /** Sleeps; the kernel adds its slack, some 50 microseconds. */
  usleep(microseconds: number): number;
  errno(): number;
  allocate(octets: number): Block;
  /**
   * Opens and binds a socket that other sockets may share the port with.
   * @param waitMs how long a receive waits for the first datagram
   * @returns file descriptor and port @throws Error naming the address and the fault
   */
  open(ip: string, port: number, waitMs: number): { readonly fd: number; readonly port: number };
  close(fd: number): void;
  /** Gives memory back that was freed but kept for later; takes a few milliseconds. */
  trim(): void;
}

/** @returns the kernel's calls, or the reason why there are none here */
export async function openKernel(): Promise<Kernel | string> {
  if (process.platform !== 'linux') return `batched datagrams need Linux, this is ${process.platform}`;
  if (endianness() !== 'LE' || !['x64', 'arm64'].includes(process.arch))
    return `batched datagrams need x64 or arm64, this is ${process.arch}`;
  let koffi: Koffi;
  try {
    koffi = (await import('koffi')).default;
  } catch (error) {
    return `koffi cannot be loaded: ${(error as Error).message.split('\n')[0]}`;
  }
  try {
    return bindKernel(koffi);
  } catch (error) {
    return `the C library has not what is needed: ${(error as Error).message.split('\n')[0]}`;
  }
}

function bindKernel(koffi: Koffi): Kernel {
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const bind = libc.func('int bind(int fd, uintptr_t address, uint32_t length)');
  const setsockopt = libc.func('int setsockopt(int fd, int level, int name, uintptr_t value, uint32_t length)');
  const getsockname = libc.func('int getsockname(int fd, uintptr_t address, uintptr_t length)');
  const close = libc.func('int close(int fd)');
  const allocate = (octets: number): Block => {
    const memory = Buffer.allocUnsafeSlow(octets).fill(0);
    return { octets: memory, address: Number(koffi.address(memory)) };
  };
  const fault = (what: string, ip: string, port: number): Error => {
    const errno = koffi.errno();
    const name = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
    return new Error(`${what} ${name} ${ip}:${port}`);
  };

  const open: Kernel['open'] = (ip, port, waitMs) => {
    const isV6 = isIPv6(ip);
    const fd: number = socket(isV6 ? C.AF_INET6 : C.AF_INET, C.SOCK_DGRAM | C.SOCK_CLOEXEC, 0);
    if (fd < 0) throw fault('socket', ip, port);
    const scratch = allocate(64);
    const set = (level: number, option: number, ...values: number[]): number => {
      for (const [i, value] of values.entries()) scratch.octets.writeBigInt64LE(BigInt(value), i * 8);
      return setsockopt(fd, level, option, scratch.address, values.length === 1 ? 4 : values.length * 8);
    };
    set(C.SOL_SOCKET, C.SO_REUSEPORT, 1);
    set(C.SOL_SOCKET, C.SO_RCVBUF, SOCKET_BUFFER);
    set(C.SOL_SOCKET, C.SO_SNDBUF, SOCKET_BUFFER);
    // struct timeval: seconds, microseconds.
    set(C.SOL_SOCKET, C.SO_RCVTIMEO, Math.floor(waitMs / 1000), (waitMs % 1000) * 1000);
    set(C.SOL_SOCKET, C.SO_SNDTIMEO, Math.floor(waitMs / 1000), (waitMs % 1000) * 1000);
    if (isV6) set(C.IPPROTO_IPV6, C.IPV6_V6ONLY, 1);
    // On a wildcard address the reply has to leave from the address that was asked.
    if (isWildcard(ip)) set(isV6 ? C.IPPROTO_IPV6 : C.IPPROTO_IP, isV6 ? C.IPV6_RECVPKTINFO : C.IP_PKTINFO, 1);
    const length = writeSocketAddress(scratch.octets.fill(0), ip, port);
    if (bind(fd, scratch.address, length) !== 0) {
      const error = fault('bind', ip, port);
      close(fd);
      throw error;
    }
    scratch.octets.writeInt32LE(SIZE.SOCKADDR, 32);
    getsockname(fd, scratch.address, scratch.address + 32);
    return { fd, port: scratch.octets.readUInt16BE(2) };
  };

  return {
    recvmmsg: libc.func('int recvmmsg(int fd, uintptr_t headers, uint32_t count, int flags, uintptr_t timeout)'),
    sendmmsg: libc.func('int sendmmsg(int fd, uintptr_t headers, uint32_t count, int flags)'),
    poll: libc.func('int poll(uintptr_t fds, uint64_t count, int timeout)'),
    usleep: libc.func('int usleep(uint32_t microseconds)'),
    errno: () => koffi.errno(),
    allocate,
    open,
    close,
    trim: bindTrim(libc),
  };
}

/** Of the GNU C library alone: others give memory back by themselves, or not at all. */
function bindTrim(libc: ReturnType<Koffi['load']>): () => void {
  try {
    const trim = libc.func('int malloc_trim(size_t pad)');
    return () => trim(0);
  } catch {
    return () => {};
  }
}

/** Whether an address means all addresses of the machine. */
export function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

/** Writes a `struct sockaddr_in` or `sockaddr_in6`. @returns its octets */
function writeSocketAddress(octets: Buffer, ip: string, port: number): number {
  const isV6 = isIPv6(ip);
  octets.writeUInt16LE(isV6 ? C.AF_INET6 : C.AF_INET, 0);
  octets.writeUInt16BE(port, 2);
  octets.write(addressOctets(ip)!, isV6 ? 8 : 4, 'latin1');
  return isV6 ? 28 : 16;
}
