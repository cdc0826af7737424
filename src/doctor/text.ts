import Table from 'cli-table3'
import { isDrift } from './diagnose.ts'
import type { Diagnosis } from './diagnosis.ts'
import { driftDigest } from './drift.ts'

const shownAs = { error: 'ERROR', warning: 'warning', unknown: 'not known', information: 'note' }

/** A table for people. `columns`: the width of the terminal. */
export function diagnosisTable(diagnoses: Diagnosis[], columns = 120): string {
  if (diagnoses.length === 0) return `${summary(diagnoses)}\n`
  const where = Math.min(2 + Math.max(...diagnoses.map(({ repository }) => repository.length)), 50)
  const rest = Math.max(columns, 80) - 12 - where - 5
  const what = Math.floor(rest * 0.58)
  const table = new Table({
    head: ['', 'Where', 'What', 'How to fix it'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [12, where, what, rest - what],
  })
  for (const one of diagnoses) table.push([shownAs[one.severity], one.repository, one.what, one.fix])
  return `${table.toString()}\n${summary(diagnoses)}\n`
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
