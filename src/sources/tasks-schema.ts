// The shape of Portolan's own task files. Each field says in its description what it does; editors get the descriptions from
// `tasks.schema.json`, which a test makes of this.
import { z } from 'zod';
import { MAX_PORT, parseIp } from './address.ts';
import { parseVip } from './vip.ts';

// The `error` of a check says what is expected; what stands there instead is added where the problem is written.
const text = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' });
const port16 = `a port number from 1 to ${MAX_PORT}`;
const portNumber = z.int({ error: port16 }).min(1, { error: port16 }).max(MAX_PORT, { error: port16 });
const ip = z
  .string({ error: 'an IPv4 or IPv6 address' })
  .refine((value) => parseIp(value) !== undefined, { error: 'an IPv4 or IPv6 address' });
const vip = z
  .string({ error: 'a text such as "/web:80" or "192.0.2.1:80"' })
  .refine((value) => parseVip(value) !== undefined, {
    error: 'a text such as "/web:80" or "192.0.2.1:80", the port from 1 to 65535',
  });
const labels = z.record(z.string(), z.string({ error: 'a text' }), { error: 'an object of texts' });
const flag = z.boolean({ error: 'true or false' });

export const port = z
  .strictObject(
    {
      port: portNumber.describe(
        "Where the program listens at the task's addresses, or at its host when it has none of its own.",
      ),
      name: text.optional().describe('Name of the port: "http" is found as _http._web._tcp.<framework>.mesos.'),
      protocol: z.enum(['tcp', 'udp'], { error: '"tcp" or "udp"' }).optional().describe('tcp when absent.'),
      hostPort: portNumber
        .optional()
        .describe('Port of the host that leads to it, for a task with addresses of its own.'),
      servicePort: portNumber.optional().describe('Port at which a load balancer should offer it.'),
      vip: z
        .union([vip, z.array(vip)], { error: 'a text such as "/web:80", or a list of them' })
        .optional()
        .describe(
          'Virtual addresses of the layer-4 balancer: a label and a port ("/web:80") or an address and a port.',
        ),
      labels: labels.optional().describe('Free texts about the port.'),
    },
    { error: unlessUnknownKey('a port: a number or an object with "port"') },
  )
  .meta({ id: 'port' });

export const task = z
  .strictObject(
    {
      name: text.describe('What it is called: "web" of the framework "home" is found as web.home.mesos.'),
      framework: text.optional().describe("Second part of the name; the file's `framework` when absent."),
      host: text.optional().describe('The machine that it runs on: an address, or a name, which is then looked up.'),
      addresses: z
        .array(ip, { error: 'a list of addresses' })
        .optional()
        .describe("Its own addresses, when they are not its host's: those of its container."),
      ports: z
        .array(z.union([portNumber, port], { error: 'a port number, or an object with "port"' }), {
          error: 'a list of ports',
        })
        .optional()
        .describe('Its ports; a plain number is a tcp port without a name.'),
      vip: vip.optional().describe('Virtual address of its first port.'),
      state: z
        .enum(['running', 'killing', 'preparing'], { error: '"running", "killing" or "preparing"' })
        .optional()
        .describe(
          'running when absent. Only running tasks have names; killing ones keep their connections to a virtual address.',
        ),
      healthy: flag.optional().describe('What its health checks say; leave it out when it has none.'),
      ready: flag.optional().describe('false keeps it out of load balancers while it starts.'),
      weight: z
        .number({ error: 'a number' })
        .min(0, { error: 'at least 0' })
        .optional()
        .describe('Share of the load compared with its peers; 1 when absent.'),
      app: text.optional().describe('The application that it is an instance of.'),
      labels: labels.optional().describe('Free texts about the task.'),
      id: text.optional().describe('Unique among the tasks of its framework; made of name and host when absent.'),
    },
    { error: unlessUnknownKey('a task, an object with "name"') },
  )
  .refine(({ host, addresses }) => host !== undefined || (addresses !== undefined && addresses.length > 0), {
    error: '"host" or "addresses"',
  })
  .meta({ id: 'task' });

/** The whole file. */
export const tasksFile = z
  .strictObject({
    $schema: z.string().optional().describe('For editors: where this schema lies.'),
    framework: text
      .optional()
      .describe('Second part of the names of all tasks that do not say their own; "local" when absent.'),
    tasks: z.array(task).describe('What runs where.'),
  })
  .meta({ title: 'Portolan tasks', description: 'What runs where, for clusters without an orchestrator.' });

/** What is expected where a check has no words of its own; for unknown keys, the known ones. */
export function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'unrecognized_keys' ? Object.keys((issue.inst as z.ZodObject).shape).join(' ') : undefined;
}

/** Of unknown keys the message lists the known ones, which `expectation` does for all shapes. */
function unlessUnknownKey(expected: string): (issue: z.core.$ZodRawIssue) => string | undefined {
  return ({ code }) => (code === 'unrecognized_keys' ? undefined : expected);
}
