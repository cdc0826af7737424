import { defineGate, type Finding, failed, passed, waiting } from '../gate.ts'
import { code, headingKey, list, plural } from '../markdown.ts'
import { type RunbookSettings, runbookSettings } from '../runbook-settings.ts'
import type { Runbook, RunbookFacts, ToolRunbook } from '../snapshot.ts'

/** Each tool that the staging regression listed for this head has a runbook in which no required heading is empty. */
export const runbooks = defineGate({
  title: 'Runbooks',
  settings: runbookSettings,
  tightens: (after, than) =>
    after.folder === than.folder &&
    than.headings.every((heading) => after.headings.includes(heading)) &&
    (after.strict || !than.strict),
  evaluate({ runbooks: facts }, settings, gates) {
    if (gates && gates.staging_regression === undefined) return withoutRegression()
    if (!facts || facts.folder !== settings.folder) return unknown('The runbooks of this head were not read.')
    if (facts.state === 'no_contract') return withoutContract()
    if (facts.state === 'unreadable') return unknown(`${code(facts.folder)} at this head ${facts.why}.`)
    return byTool(facts, settings)
  },
})

function withoutRegression(): Finding {
  return failed(
    'Runbooks need the staging regression',
    'The staging regression lists the tools of the head, and the policy does not name the gate `staging_regression`.',
    { who: 'Anyone with write access: add `staging_regression` to the policy, or remove `runbooks`' },
  )
}

function withoutContract(): Finding {
  return waiting(
    'Waiting for the list of tools',
    'The staging regression has not listed the tools of this head yet, so it is not known which runbooks it needs.',
    { who: 'Whoever the gate "Staging regression" names', automatic: true },
  )
}

function unknown(why: string): Finding {
  return failed('Runbooks could not be checked', why, {
    who: 'The author: fix the folder in this pull request. If it is correct, ask the release-gate operator',
  })
}

type Checked = { tool: ToolRunbook; problem: string; blocks: boolean }
type Read = Extract<RunbookFacts, { state: 'read' }>

function byTool({ tools }: Read, settings: RunbookSettings): Finding {
  const checked = tools.flatMap((tool): Checked[] => {
    const file = `${settings.folder}/${tool.name}.md`
    const problem = runbookProblem({ file, runbook: tool.runbook }, settings.headings)
    // An unreadable file fails at any age: nobody knows what it says.
    const blocks = !tool.existing || settings.strict || tool.runbook.state === 'unreadable'
    return problem === undefined ? [] : [{ tool, problem, blocks }]
  })
  const blocking = checked.filter(({ blocks }) => blocks)
  const details = [...blocking, ...checked.filter(({ blocks }) => !blocks)].slice(0, 30).map(lineOf)
  const rest = details.length > 0 ? { details } : {}
  if (blocking.length > 0) return incomplete(blocking.length, settings, rest)
  if (checked.length > 0) return onlyOlder(checked.length, rest)
  return passed(
    'Runbooks complete',
    tools.length === 0
      ? 'The server lists no tools at this head.'
      : `Runbooks with all required headings: ${plural(tools.length, 'tool')}.`,
  )
}

function incomplete(count: number, { folder, headings }: RunbookSettings, rest: Partial<Finding>): Finding {
  return failed(
    `${plural(count, 'runbook')} missing or incomplete`,
    `Each tool needs a runbook in ${code(folder)} with the headings ${list(headings.map((each) => code(each)))}, none of them empty.`,
    { who: 'The author: add what is missing to this pull request', ...rest },
  )
}

function onlyOlder(count: number, rest: Partial<Finding>): Finding {
  return passed(
    'Runbooks complete for new tools',
    `Of the tools older than this gate, ${count} ${count === 1 ? 'has' : 'have'} no complete runbook. With \`strict: true\`, this would fail.`,
    rest,
  )
}

function lineOf({ tool, problem, blocks }: Checked): string {
  return `${blocks ? '❌' : 'ℹ️'} ${code(tool.name)}: ${problem}`
}

/** What a runbook lacks, as the end of a line; undefined if it is complete. */
export function runbookProblem(
  { file, runbook }: { file: string; runbook: Runbook },
  headings: readonly string[],
): string | undefined {
  const shown = code(file, 300)
  if (runbook.state === 'missing') return `${shown} is missing`
  if (runbook.state === 'unreadable') return `${shown} ${runbook.why}`
  const named = (wanted: string) =>
    runbook.sections.filter(({ heading }) => headingKey(heading) === headingKey(wanted))
  const lacking = headings.filter((each) => named(each).length === 0)
  const twice = headings.filter((each) => named(each).length > 1)
  const empty = headings.filter((each) => named(each).length === 1 && named(each)[0]?.empty)
  const said = (what: string, which: string[]) =>
    which.length > 0 ? [`${what} ${list(which.map((each) => code(each)))}`] : []
  const problems = [
    ...said('has no heading', lacking),
    ...said('has nothing under', empty),
    ...said('has more than one heading', twice),
  ]
  return problems.length > 0 ? `${shown} ${problems.join('; it ')}` : undefined
}
