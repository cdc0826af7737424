/** One way to break the code on purpose: this text of a file becomes that. */
export type Break = { name: string; file: string; from: string; to: string }

/** What the simulation must notice. Each is a mistake that somebody could make, and that no type would refuse. */
export const breaks: Break[] = [
  {
    name: 'drop the head comparison',
    file: 'src/decision/reviews.ts',
    from: "if (!content.same) return { review, counts: false, kind: 'stale', why: content.why }",
    to: 'const equal = content.same ? content : undefined\n  void equal',
  },
  {
    name: 'skip the recheck at closing',
    file: 'src/store/verdicts/due.ts',
    from: "counts AND policy IS NOT NULL AND (next_at <= $1 OR state = 'passed')",
    to: "counts AND policy IS NOT NULL AND next_at <= $1 AND state <> 'passed'",
  },
  {
    name: 'acknowledge before writing',
    file: 'src/server/webhook.ts',
    from: 'return await Promise.race([answer, late.promise])',
    to: "return { status: 202, text: 'Stored.' }",
  },
  {
    name: 'swallow an error of GitHub at a write',
    file: 'src/gate/check-writer.ts',
    from: `  const standing = await request()
  if (!matchesReport(standing, report)) return undefined`,
    to: `  const standing = await request().catch(() => ({ id: 1 }) as StandingRun)
  void matchesReport`,
  },
  {
    name: 'believe the old verdict at a merge',
    file: 'src/decision/merge-exception.ts',
    from: 'if (!standing || open.length === 0) return undefined',
    to: 'if (!standing || open.length >= 0) return undefined',
  },
  {
    name: 'ignore a freeze without a window',
    file: 'src/decision/gates/release-window.ts',
    from: 'releaseWindow.evaluate(snapshot, noWindow)',
    to: 'releaseWindow.evaluate({ ...snapshot, frozen: undefined } as Snapshot, noWindow)',
  },
  {
    name: 'two writers of one check at once',
    file: 'src/store/leases.ts',
    from: 'return taken.length > 0',
    to: 'return taken.length >= 0',
  },
  {
    name: 'count an approval of an author',
    file: 'src/decision/reviews.ts',
    from: 'if (parts.length > 0) return describeParts(parts)',
    to: 'if (parts.length > 99) return describeParts(parts)',
  },
  {
    name: 'ignore a dismissed approval',
    file: 'src/decision/reviews.ts',
    from: "if (review.person && review.state !== 'COMMENTED' && review.state !== 'PENDING') {",
    to: "if (review.person && review.state !== 'COMMENTED' && review.state !== 'PENDING' && review.state !== 'DISMISSED') {",
  },
  {
    name: "ignore the same head's other pull request",
    file: 'src/decision/same-head-pulls.ts',
    from: 'return pulls.filter((pull) => decisive.includes(pull))',
    to: 'return pulls.filter((pull) => decisive.slice(0, 1).includes(pull))',
  },
  {
    name: 'leave green on a closed pull request',
    file: 'src/bot/events/pull-events.ts',
    from: "[\n    { kind: 'pull', pull: { ...repository, number }, sha: head.sha },\n    ...(merged",
    to: '[\n    ...(merged',
  },
  {
    name: 'forget to mark what a delivery names',
    file: 'src/bot/receive.ts',
    from: 'const changed = await markPullChanged(tx, effect.pull, effect.sha, guid)',
    to: 'return void (await markPullChanged(tx, effect.pull, effect.sha, guid))',
  },
  {
    name: 'never ask for missed deliveries, nor look by the hour',
    file: 'src/bot/periodic-task.ts',
    from: 'await task().catch',
    to: 'await (/missed|hourly/.test(what) ? Promise.resolve() : task()).catch',
  },
]
