/** Why a change is not proved to be the approved one, as shown in the check. */
export const unprovenReasons = {
  noTrees: () => 'the file trees of the two versions could not be read, so they cannot be compared',
  treesCut: () =>
    'the repository is too large for GitHub to list all of its files, so the two versions cannot be compared',
  differs: (path: string) => `${path} is not what it was in the older version`,
  addedToChange: (path: string) => `${path} was not part of the older version of the change`,
  leftChange: (path: string) => `${path} is no longer part of the change`,
  baseDidAsMuch: (path: string) =>
    `the base made the same change to ${path}, which is no longer part of this one`,
  besideBase: (path: string) => `${path} was changed by the base, and is now changed here too`,
  leftToBase: (path: string) => `${path} was changed by the base, and is no longer changed here`,
  bothAddedOrDeleted: (path: string) =>
    `${path} was added, deleted or renamed by one of the change and the base, and touched by the other`,
  notAFile: (path: string) => `${path} is a symbolic link or a submodule and was changed by the base too`,
  mode: (path: string) => `the file mode of ${path} is changed here, and the base changed the file too`,
  cut: (path: string) =>
    `${path} was changed by the base too, and 300 files or more changed: GitHub's compare shows no more than 300`,
  noRow: (path: string) => `${path} was changed by the base too, and GitHub gives no diff for it`,
  noPatch: (path: string) => `${path} is binary or too large for a diff, and was changed by the base too`,
  noSize: (path: string) =>
    `${path} was changed by the base too, and its size is not known, so its diff cannot be checked`,
  contradiction: (path: string) =>
    `${path} was changed by the base too, and its diff does not fit its content`,
  noBaseDiff: (path: string) =>
    `${path} was changed by the base too, and the old base is not part of the new one, so there is no diff between them`,
  encoding: (path: string) =>
    `${path} was changed by the base too, and the added lines hold characters outside of ASCII, which a diff does not show exactly`,
  overlaps: (path: string) => `${path} was changed by the base in or beside the lines that are changed here`,
  otherLines: (path: string) =>
    `${path} was changed by the base too, and the lines changed here are not the same as before, or stand elsewhere`,
  more: (why: string, others: number) =>
    others === 0 ? why : `${why}; and ${others} more ${others === 1 ? 'file' : 'files'}`,
  notTwoParents: (count: number) =>
    `it has ${count} ${count === 1 ? 'parent' : 'parents'}: an update merge has two`,
  notOneOfEach: () => 'its parents are not one commit of the pull request and one of the base',
  otherCommits: () => 'what was compared is not this merge and its parents',
  changed: (why: string) => `the change is not the same before and after it: ${why}`,
}
