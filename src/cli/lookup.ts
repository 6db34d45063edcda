// `portolan lookup`: a small dig, for machines that have none. Asks with dns2's clients, whose codec is not ours: what it
// prints was understood by somebody else.
import { isIPv6 } from 'node:net';
import { Command, InvalidArgumentError } from 'commander';
import dns2 from 'dns2';

const { Packet, TCPClient, UDPClient } = dns2;
type Message = Awaited<ReturnType<ReturnType<typeof UDPClient>>>;
type Resource = Message['answers'][number];

/** dns2 calls the OPT record EDNS; it cannot be asked for, nor can a transfer. */
const TYPES = Object.keys(Packet.TYPE).filter((name) => name !== 'EDNS' && name !== 'AXFR');

interface Question {
  readonly server: string;
  readonly port: number;
  readonly name: string;
  readonly type: string;
  readonly tcp: boolean;
  readonly timeoutMs: number;
}

interface Options {
  readonly tcp: boolean;
  readonly short: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** Builds the command. */
export function lookup(): Command {
  return new Command('lookup')
    .description('Asks a DNS server one question and prints its answer, as dig does.')
    .usage('[@SERVER[:PORT]] NAME [TYPE] [options]')
    .argument('<words...>', '@SERVER[:PORT] (127.0.0.1:53 when absent), the name, the type (A when absent)')
    .option('--tcp', 'ask by TCP', false)
    .option('--short', 'print the data of the answer only', false)
    .option('--timeout <seconds>', 'give up after this', seconds, 5)
    .addHelpText('after', `\nTypes: ${TYPES.join(' ')}`)
    .action(async (words: string[], { tcp, short, timeout }: Options, command: Command) => {
      const read = readWords(words);
      if (typeof read === 'string') command.error(`error: ${read}`);
      const question = { ...read, tcp, timeoutMs: timeout * 1000 };
      let message: Message;
      try {
        message = await ask(question);
      } catch (error) {
        const where = `${question.server} port ${question.port}`;
        process.stderr.write(`Cannot look up ${question.name}: ${where}: ${(error as Error).message}\n`);
        // Not process.exitCode: dns2's TCP client cannot be told to give up, its socket would keep the process alive.
        process.exit(1);
      }
      process.stdout.write(short ? shortText(message) : fullText(message));
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3600)) throw new InvalidArgumentError('expected seconds, more than 0 and at most 3600');
  return value;
}

/**
 * The words of the command line, in any order as with dig: what begins with @ is the server, the name comes before the type.
 * @returns a complaint when they make no question
 */
function readWords(words: readonly string[]): Pick<Question, 'server' | 'port' | 'name' | 'type'> | string {
  const servers = words.filter((word) => word.startsWith('@'));
  const [name, type = 'A', ...more] = words.filter((word) => !word.startsWith('@'));
  if (name === undefined || servers.length > 1 || more.length > 0)
    return `expected [@SERVER] NAME [TYPE], got ${words.join(' ')}`;
  if (!TYPES.includes(type.toUpperCase())) return `type: expected one of ${TYPES.join(' ')}, got ${type}`;
  const [, bracketed, bare, port = '53'] =
    /^@(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(servers[0] ?? '@127.0.0.1') ?? [];
  const server = bracketed ?? bare;
  if (server === undefined || Number(port) > 65535)
    return `server: expected @ADDRESS, @ADDRESS:PORT or @[ADDRESS]:PORT, got ${servers[0]}`;
  return { server, port: Number(port), name, type: type.toUpperCase() };
}

/** Sends the question; a truncated answer by UDP is asked again by TCP, as resolvers do. */
async function ask({ server, port, name, type, tcp, timeoutMs }: Question): Promise<Message> {
  const ended = new AbortController();
  const deadline = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    ended.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  const byTcp = (): Promise<Message> => {
    if (isIPv6(server)) throw new Error('TCP to an IPv6 address is not possible here (dns2 cannot): use dig +tcp');
    return TCPClient({ dns: server, port })(name, type, Packet.CLASS.IN);
  };
  const byUdp = async (): Promise<Message> => {
    const client = UDPClient({
      dns: server,
      port,
      socketType: isIPv6(server) ? 'udp6' : 'udp4',
      timeout: timeoutMs,
      retryOverTCP: false,
    });
    const message = await client(name, type, Packet.CLASS.IN);
    return message.header.tc === 1 && !isIPv6(server) ? byTcp() : message;
  };
  try {
    return await Promise.race([tcp ? byTcp() : byUdp(), deadline]);
  } finally {
    ended.abort();
  }
}

function fullText({ header, questions, answers, authorities, additionals }: Message): string {
  const flags = (['qr', 'aa', 'tc', 'rd', 'ra'] as const).filter((flag) => header[flag] === 1);
  const rcode = Object.entries(Packet.RCODE).find(([, code]) => code === header.rcode)?.[0] ?? `RCODE${header.rcode}`;
  const lines = [`;; status: ${rcode}, flags: ${flags.join(' ')}`];
  for (const { name, type } of questions) lines.push(`;${absolute(name)} ${Packet.typeName(type)}`);
  for (const [title, records] of [
    ['answer', answers],
    ['authority', authorities],
    ['additional', additionals.filter(({ type }) => type !== Packet.TYPE.EDNS)],
  ] as const) {
    if (records.length > 0) lines.push('', `;; ${title}`);
    for (const record of records)
      lines.push(`${absolute(record.name)} ${record.ttl} IN ${Packet.typeName(record.type)} ${dataText(record)}`);
  }
  return `${lines.join('\n')}\n`;
}

function shortText({ answers }: Message): string {
  return answers.map((record) => `${dataText(record)}\n`).join('');
}

/** dns2 leaves the final dot of names out. */
function absolute(name: string | undefined): string {
  return name === undefined || name === '' ? '.' : `${name}.`;
}

/** Rdata in the form of master files; of types that dns2 does not know, in the form of RFC 3597 5. */
function dataText(record: Resource): string {
  switch (record.type) {
    case Packet.TYPE.A:
    case Packet.TYPE.AAAA:
      return record.address!;
    case Packet.TYPE.NS:
      return absolute(record.ns);
    case Packet.TYPE.CNAME:
    case Packet.TYPE.PTR:
      return absolute(record.domain);
    case Packet.TYPE.MX:
      return `${record.priority} ${absolute(record.exchange)}`;
    case Packet.TYPE.SRV:
      return `${record.priority} ${record.weight} ${record.port} ${absolute(record.target)}`;
    case Packet.TYPE.SOA: {
      const { primary, admin, serial, refresh, retry, expiration, minimum } = record;
      return `${absolute(primary)} ${absolute(admin)} ${serial} ${refresh} ${retry} ${expiration} ${minimum}`;
    }
    case Packet.TYPE.TXT:
      return [record.data]
        .flat()
        .map((part) => `"${String(part).replace(/["\\]/g, '\\$&')}"`)
        .join(' ');
    case Packet.TYPE.CAA:
      return `${record.flags} ${record.tag} "${record.value}"`;
    default:
      return Buffer.isBuffer(record.data) ? `\\# ${record.data.length} ${record.data.toString('hex')}` : '\\#';
  }
}
