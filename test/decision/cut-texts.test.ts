import { expect, test } from 'vitest'
import { commandsIn } from '../../src/comments/commands-in.ts'
import { coAuthorsIn } from '../../src/decision/co-authors.ts'
import { keyOfPush } from '../../src/decision/direct-push-record.ts'
import { commandsIn as incidentCommandsIn } from '../../src/decision/incidents/commands.ts'
import { readReport } from '../../src/decision/incidents/report.ts'
import { cut } from '../../src/regression/cut.ts'

/** Anyone can place a character of two units where a text is cut. Postgres and the records take no half of one. */
const across = (limit: number, before = '') => `${before}${'x'.repeat(limit - 1 - before.length)}😀 and more`

test.each<[string, unknown]>([
  ['the reason of a command', commandsIn(`/hold ${across(300)}`)],
  ['a co-author', coAuthorsIn(`Fix\n\nCo-authored-by: ${across(200)}`)],
  ['the severity in a comment of an incident', incidentCommandsIn([`/severity ${across(20)}`])],
  ['the reason of that', incidentCommandsIn([`/severity P1 ${across(300)}`])],
  ['the severity of a report', readReport(`### Severity\n\n${across(60, 'P1: ')}`, 'UTC')],
  ['the component of a report', readReport(`### Component\n\n${across(100)}`, 'UTC')],
  ['the branch of a push', keyOfPush({ after: 'a', branch: across(200), activity: null })],
  ['what a server answered', cut(across(80), 80)],
])('%s is not cut within a character', (_, read) => {
  const text = JSON.stringify(read)
  expect(text).toMatch(/x{10}/)
  expect(text).not.toMatch(/\\ud[89a-f]/)
})
