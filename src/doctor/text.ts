import { breakLines } from '../decision/line-breaks.ts'
import { oneLine } from '../decision/markdown.ts'
import { isDrift } from './diagnose.ts'
import type { Diagnosis } from './diagnosis.ts'
import { driftDigest } from './drift.ts'

const shownAs = { error: 'ERROR', warning: 'warning', unknown: 'not known', information: 'note' }

/** Findings name branches, rules and settings that others wrote. None is as long as this. */
const longest = 5_000

/** The findings for people, as a list that fits the terminal: a table would be too narrow at 80 columns. */
export function diagnosisText(diagnoses: Diagnosis[], columns = 80): string {
  const lines = diagnoses.flatMap(({ severity, repository, what, fix }) => [
    `${shownAs[severity]}: ${oneLine(repository)}`,
    ...breakLines(oneLine(what, longest), columns, '  '),
    ...(fix === '' ? [] : breakLines(`Fix: ${oneLine(fix, longest)}`, columns, '  ')),
    '',
  ])
  return `${[...lines, summary(diagnoses)].join('\n')}\n`
}

/** JSON for programs. `digest` stays equal while the drift does. */
export function diagnosisJson(diagnoses: Diagnosis[]): string {
  const ok = !diagnoses.some(isDrift)
  return `${JSON.stringify({ ok, digest: driftDigest(diagnoses), diagnoses }, null, 2)}\n`
}

function summary(diagnoses: Diagnosis[]): string {
  const of = (severity: Diagnosis['severity']) => diagnoses.filter((one) => one.severity === severity).length
  const unknown = of('unknown')
  const hidden = unknown === 0 ? '' : ` ${counted(unknown, 'setting')} could not be read from here.`
  if (!diagnoses.some(isDrift)) return `No drift.${hidden}`
  return `Drift: ${counted(of('error'), 'error')}, ${counted(of('warning'), 'warning')}.${hidden}`
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
