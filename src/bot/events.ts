import { regressionCheckName, runAgain } from '../decision/regression-check.ts'
import { enqueueWhenDue } from '../merges/enqueue.ts'
import { requestRunByButton } from '../staging/requests.ts'
import { verdictsOnHead } from '../store/verdicts.ts'
import { releaseGate } from './app.ts'
import type { Parts } from './parts.ts'
import { openPulls, pullsUnderNewPolicy } from './reconcile.ts'

/** Tells Probot what to do with each event. */
export async function loadEvents({ shell, probot, serves, enqueue }: Parts): Promise<void> {
  const { database, queue, github, now } = shell
  await probot.load(
    releaseGate(enqueue, enqueueWhenDue(queue, { now, serves }), {
      openPulls: async (repository) => openPulls(await github(repository.installationId), repository),
      pullsUnderNewPolicy: async (repository) =>
        pullsUnderNewPolicy(
          { database, github: await github(repository.installationId), serves },
          repository,
        ),
      pullsOnHead: async (repository, sha) =>
        (await verdictsOnHead(database, repository, sha)).map(({ pull }) => pull.number),
      regression: {
        check: regressionCheckName,
        button: runAgain.identifier,
        ask: async (repository, sha, by) => {
          if (serves(repository.owner)) await requestRunByButton(shell, repository, sha, by)
        },
      },
    }),
  )
}
