// The images of the tests' containers, made on the spot of what is installed here: no registry is asked.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from './engine.ts';
import { PATH } from './namespaces.ts';

const execute = promisify(execFile);

const ROOTFS = join(import.meta.dirname, '..', '..', 'scripts', 'image', 'rootfs');

/** BusyBox's commands that the images have by name; the static program itself is /bin/busybox. */
const APPLETS = ['cat', 'httpd', 'nslookup', 'rm', 'sh', 'sleep', 'touch', 'wget'];

function addBusybox(rootfs: string): void {
  mkdirSync(join(rootfs, 'bin'), { recursive: true });
  mkdirSync(join(rootfs, 'tmp'), { recursive: true });
  copyFileSync('/bin/busybox', join(rootfs, 'bin', 'busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(rootfs, 'bin', applet));
}

async function pack(rootfs: string): Promise<string> {
  const tarball = `${rootfs}.tar`;
  await execute('tar', ['-C', rootfs, '-cf', tarball, '.'], { env: { ...process.env, PATH } });
  return tarball;
}

/**
 * Imports the image `small`: BusyBox, starting at once, serving HTTP at port 80, of which it says nothing.
 * @param folder for its files; need not exist
 */
export async function importSmall(folder: string, engines: readonly Engine[]): Promise<void> {
  const rootfs = join(folder, 'small');
  addBusybox(rootfs);
  const tarball = await pack(rootfs);
  await Promise.all(
    engines.map((engine) => engine.importImage(tarball, 'small', ['CMD ["/bin/httpd","-f","-p","80","-h","/"]'])),
  );
}

/**
 * Imports the image `beacon`: the service of beacon.mjs, which exposes no port. Its arguments: its name and its ports.
 * @param folder for its files; need not exist
 */
export async function importBeacon(folder: string, engines: readonly Engine[]): Promise<void> {
  const rootfs = join(folder, 'beacon');
  await execute(ROOTFS, [rootfs], { env: { ...process.env, PATH } });
  addBusybox(rootfs);
  copyFileSync(join(import.meta.dirname, 'beacon.mjs'), join(rootfs, 'beacon.mjs'));
  const tarball = await pack(rootfs);
  const changes = ['ENTRYPOINT ["/usr/local/bin/node","/beacon.mjs"]'];
  await Promise.all(engines.map((engine) => engine.importImage(tarball, 'beacon', changes)));
}
