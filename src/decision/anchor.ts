/** The head of an audit chain, as stored outside the database. */
export type Anchor = { installationId: number; seq: number; hash: string }

/** One closed issue per year contains the anchors. Edits of it notify nobody, and GitHub keeps their history. */
export function anchorIssue(at: Date): { title: string; body: string; labels: string[] } {
  const year = at.getUTCFullYear()
  return {
    title: `release-gate: the records of ${year}`,
    labels: ['release-gate-records'],
    body: [
      `Once a day, the newest hash of the audit chain is added here, outside the database that stores them. Anyone who changes an old record would also have to change this text, and GitHub keeps its edit history.`,
      'To compare: save this text as a file, and run `release-gate audit verify --anchors FILE`.',
      '',
    ].join('\n\n'),
  }
}

/** A line of the issue. */
export function anchorLine({ installationId, seq, hash }: Anchor, at: Date): string {
  return `- ${at.toISOString()}: installation ${installationId}, record ${seq}, \`${hash}\``
}

/** All anchors in a text, which may have other lines. */
export function readAnchors(text: string): Anchor[] {
  const lines = text.matchAll(/\binstallation (\d{1,15}), record ([1-9]\d{0,8}), `?([0-9a-f]{64})\b/g)
  return [...lines].map(([, installation, seq, hash = '']) => ({
    installationId: Number(installation),
    seq: Number(seq),
    hash,
  }))
}
