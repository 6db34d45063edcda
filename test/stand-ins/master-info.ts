// MasterInfo as masters before Mesos 0.24 write it into ZooKeeper: protobuf (field numbers of mesos.proto).

export interface Info {
  readonly ip: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly address?: { readonly ip: string; readonly port: number; readonly hostname: string };
}

/** The octets of a MasterInfo. */
export function binaryMasterInfo({ ip, port, hostname, address }: Info): Buffer {
  const packed = Buffer.from(ip.split('.').map(Number)).readUInt32LE();
  return Buffer.concat([
    text(1, 'f9c5d7a2-0000'),
    number(2, packed),
    ...(port === undefined ? [] : [number(3, port)]),
    text(4, `master@${ip}:${port ?? 5050}`),
    ...(hostname === undefined ? [] : [text(5, hostname)]),
    ...(address
      ? [octets(7, Buffer.concat([text(1, address.hostname), text(2, address.ip), number(3, address.port)]))]
      : []),
  ]);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function text(field: number, value: string): Buffer {
  return octets(field, Buffer.from(value));
}

function octets(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
