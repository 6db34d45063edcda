// The floor: a C program that only sends back what it gets. Nothing that answers can cost less; how far above it a server
// stands is what the server itself costs.
import { compile } from './compile.ts';
import { launch, type Server, type StartOptions } from './server.ts';

export function startFloor(transport: 'udp' | 'tcp', options: StartOptions): Promise<Server> {
  const program = compile(options.folder, 'echo-floor');
  return launch(
    {
      name: 'C echo',
      // It says NOERROR to everything; what it is asked by UDP while it serves TCP is answered by UDP as well.
      probe: 'example.org',
      deadlineMs: 10_000,
      command: (_, port) => [program, transport, String(port), String(options.workers)],
    },
    options,
  );
}
