// The service in the tests' containers: says who it is on every port that it is told to listen on, TCP and UDP, IPv4 and
// IPv6, so that a connection proves which container it reached. Arguments: its name, then ports such as 80/tcp.
// Plain JavaScript, as it is copied into an image.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [name, ...ports] = process.argv.slice(2);
const listening = ports.map(async (text) => {
  const [port, protocol] = text.split('/');
  if (protocol === 'tcp') {
    const server = createServer((socket) => socket.on('error', () => {}).end(`${name}\n`));
    await new Promise((resolve) => server.listen(Number(port), '::', resolve));
    return;
  }
  for (const type of ['udp4', 'udp6']) {
    const socket = createSocket({ type, ipv6Only: type === 'udp6' });
    socket.on('message', (_, { port, address }) => socket.send(`${name}\n`, port, address));
    await new Promise((resolve) => socket.bind(Number(port), resolve));
  }
});
await Promise.all(listening);
console.log('listening');
// With no port at all it lives on as well.
setInterval(() => {}, 1 << 30);
