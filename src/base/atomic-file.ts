// Files that are either the old or the new one, whatever happens meanwhile: written beside, flushed, renamed.
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file's content.
 * @param content whole, or in pieces that are made while it is written
 * @throws Error of the file system; the file is then as it was
 */
export async function writeFileAtomically(file: string, content: string | AsyncIterable<string>): Promise<void> {
  const beside = `${file}.${process.pid}.new`;
  try {
    const handle = await open(beside, 'w', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(file));
}

/** A rename has to reach the disk too: it is there once its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
