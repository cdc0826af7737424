import { approvals } from './approvals.ts'
import { codeOwners } from './code-owners.ts'
import { hold } from './hold.ts'
import { incidents } from './incidents.ts'
import { productionHealth } from './production-health.ts'
import { releaseWindow } from './release-window.ts'
import { runbooks } from './runbooks.ts'
import { stagingRegression } from './staging-regression.ts'

/** Every gate by its name in the policy, in the order in which a reader of the check meets them. */
export const gates = {
  approvals,
  code_owners: codeOwners,
  release_window: releaseWindow,
  staging_regression: stagingRegression,
  runbooks,
  incidents,
  production_health: productionHealth,
  hold,
}

export type GateName = keyof typeof gates
