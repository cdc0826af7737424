import { expect } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { incidentPolicy, openIncidents } from './incidents.ts'

export const pagingPolicy = `${incidentPolicy}  jira: { project: FOODYE-MCP, people: { ana: account-of-ana } }\n`

/** Alerts on a stage with a local PagerDuty and Jira, and what those hold of the incidents. */
export function pagesOn(stage: () => Stage) {
  const operations = () => {
    const { operations: systems } = stage()
    if (!systems) throw new Error('There is no PagerDuty')
    return systems
  }
  return {
    operations,
    pagesFor: (number: number) =>
      operations()
        .pagerDuty.alerts.filter(({ summary }) => summary.includes(`foodyepay/incidents#${number}:`))
        .map(({ dedupKey, state, pages }) => ({ key: dedupKey.split('/').slice(4).join('/'), state, pages }))
        .toSorted((a, b) => a.key.localeCompare(b.key)),
    issueFor: (number: number) =>
      operations().jira.issues.filter(({ fields }) =>
        (fields.labels as string[]).some((label) => label.endsWith(`-${number}`)),
      ),
    /** Lets retries and what waits for a time of the queue run. */
    pass: async (seconds: number) => {
      for (let second = 0; second < seconds; second += 5)
        await stage().moveTo(new Date(stage().now().getTime() + 5_000))
    },
    /** Gives the number of the incident that is opened for it. */
    alert: async (id: string): Promise<number> => {
      expect(await operations().pagerDuty.trigger(webhook(stage()), alertOf(id))).toBe(202)
      await stage().settled()
      return (await openIncidents(stage())).find(({ title }) => title === alertOf(id).title)?.number ?? 0
    },
    alertAgain: async (id: string) => {
      await operations().pagerDuty.trigger(webhook(stage()), alertOf(id))
      await stage().settled()
    },
  }
}

const webhook = (stage: Stage) => `${stage.bot().url}/api/pagerduty/webhooks`
const alertOf = (id: string) => ({ id, title: `Payments fail ${id}`, priority: 'P0' })
