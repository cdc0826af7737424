/**
 * Migrations as earlier versions had them, before they were frozen (docs/operations.md, "Upgrading"). A database that holds one of
 * these is opened as usual: `0011_catch_up.sql` brings it to what the present files make. Nothing is added here anymore, since
 * a released migration never changes.
 */

/** SHA-256 of a file's earlier forms. */
const earlierForms: Record<string, readonly string[]> = {
  '0001_audit.sql': ['1dd023fc51db56acbe6cc3677b0a3bba6064e85de152078feea8b0041d770932'],
  '0003_verdicts.sql': [
    'b0683f32a3a1025225ca587b8c3b38fd4c23b57281aa684cc2fa14a0289bd8b6',
    '1d2f4b67ec2d04b697b0e46a8333796fb67d64832b96fe2fb0844c622684866a',
    '9366fc3bcf962063fe0bfd3c7efafc52980e48ae411adeee244eb146e05289b7',
  ],
  '0007_follow_ups.sql': [
    '2b5f778bafed1e81aca2ab594e3e874f3c4df00e4b36bca7ba2871ae88de955f',
    '8f502a160dd5843976ae97aed8ae252f659859ec93b669b62ae37ada8adf7f8b',
  ],
  '0008_evidence.sql': ['88887c4c11c7b89082c8c5970e1cb7ae666515c244d39f67b184344541861c33'],
  '0009_freezes.sql': ['b2d08acbb2f75c52de0808bff34073ed2706065ae6c48f371cf950e793afdb8f'],
}

/** Files that are gone, their hashes, and the present file that stands for what they made. */
const goneFiles: Record<string, { hash: string; now: string }> = {
  '0003_published.sql': {
    hash: 'e5421a235ab0d164fae751175ec9316a9718ffd37687442df3fc20d441d12ce1',
    now: '0003_verdicts.sql',
  },
  '0004_cache.sql': {
    hash: 'de90fb8fdb6cc181f643793da15ac710bd96249ce79bf214ab4a192472e7a60f',
    now: '0003_verdicts.sql',
  },
  '0005_verdicts.sql': {
    hash: 'c66eff571543d2dde83aacd1ff29ed09161cca57138d3a4d45c69509cc21f463',
    now: '0003_verdicts.sql',
  },
}

/** The present file that an applied one stands for; undefined where no released version had it with this hash. */
export function currentName(name: string, hash: string): string | undefined {
  if (earlierForms[name]?.includes(hash)) return name
  const gone = goneFiles[name]
  return gone?.hash === hash ? gone.now : undefined
}

/** Whether a file of an earlier version is gone, and another one stands for it. */
export function isGone(name: string): boolean {
  return name in goneFiles
}
