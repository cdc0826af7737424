/** Whether a mode of git is that of a file with content of its own: no symbolic link, submodule or folder. */
export function isRegularFile(mode: string): boolean {
  return mode === '100644' || mode === '100755'
}
