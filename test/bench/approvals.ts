import type { WorkingCopy } from '../../src/sandbox/github/working-copy.ts'
import { aDesk, type Desk, type Files, numbered, type Pull, type Shop } from '../support/desk.ts'

export type Measured = { name: string; value: number; unit: string; aim: string }

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }

/**
 * Issue 3's measures, in the sandbox: the requests that the proofs cost at a push, counted as GitHub's hourly limit counts
 * them, and the evaluation of a very large pull request.
 */
export async function benchApprovals(): Promise<Measured[]> {
  const desk = await aDesk()
  try {
    return [...(await benchProofs(desk)), ...(await aVeryLargeOne(desk))]
  } finally {
    await desk.close()
  }
}

/** Where the base touched the same file, the aim is missed by one: what the base did there has to be read as well. */
export async function benchProofs(desk: Desk): Promise<Measured[]> {
  const moved = { 'src/cart.ts': numbered(40, { 1: 'cart' }) }
  const movedBeside = { 'src/price.ts': numbered(40, { 3: 'three' }) }
  const rebase = (copy: WorkingCopy) => copy.rebase('origin/main')
  const merge = (copy: WorkingCopy) => copy.merge('origin/main')
  const amend = (copy: WorkingCopy) => copy.commit('Say it better', { amend: true })
  const push = async (copy: WorkingCopy) => {
    await copy.write({ 'src/cart.ts': 'x\n' })
    await copy.commit('Change it')
  }
  return [
    await proofs(desk, 'a push that changes content', {}, push),
    await proofs(desk, 'an amended message', {}, amend),
    await proofs(desk, 'a clean rebase', moved, rebase),
    await proofs(desk, 'an update merge', moved, merge),
    await proofs(desk, 'a clean rebase, the base touched the same file', movedBeside, rebase),
    await proofs(desk, 'an update merge, the base touched the same file', movedBeside, merge),
  ]
}

/**
 * Counted requests at a push that proofs make: trees, single commits, and comparisons beyond the one that lists the
 * commits. The bot has judged the approved head before, and is a new process by the time of the push.
 */
async function proofs(
  desk: Desk,
  name: string,
  base: Files,
  work: (copy: WorkingCopy) => Promise<unknown>,
): Promise<Measured> {
  const shop = await desk.shop()
  const pull = await shop.open('ana', price)
  await shop.approve(pull, 'chloe', 'dev')
  await shop.judge(pull)
  if (Object.keys(base).length > 0) await shop.push('olga', 'main', base, { from: 'origin/main' })
  await rework(shop, pull, work)
  shop.restart()
  desk.github.requests.reset()
  await shop.judge(pull)
  const value = proofRequests(desk)
  return { name: `requests for the proofs: ${name}`, value, unit: 'requests', aim: 'at most 2' }
}

function proofRequests({ github }: Desk): number {
  const routes = [...github.requests.counts.byRoute]
  const own = routes.filter(([route]) => /\/(compare|git\/trees|git\/commits)\//.test(route))
  return own.reduce((sum, [, count]) => sum + count, 0) - 1
}

async function rework(shop: Shop, pull: Pull, work: (copy: WorkingCopy) => Promise<unknown>): Promise<void> {
  const copy = await shop.copyOf('ana')
  await copy.branch(pull.branch, `origin/${pull.branch}`)
  await work(copy)
  await copy.push({ ref: pull.branch, force: true })
}

/** 250 commits, 100 reviews by 20 people, 3,000 files. */
async function aVeryLargeOne(desk: Desk): Promise<Measured[]> {
  const shop = await desk.shop()
  const copy = await shop.copyOf('ana')
  await copy.branch('feature', 'origin/main')
  for (let index = 0; index < 250; index++) {
    const files = Array.from({ length: 12 }, (_, file) => [`many/${index}/${file}.txt`, `${index} ${file}\n`])
    await copy.write(Object.fromEntries(files))
    await copy.commit(`Change ${index}`)
  }
  const sha = await copy.push({ ref: 'feature' })
  const pull = await shop.offer('ana', 'feature', 'main', sha)
  for (let index = 0; index < 20; index++) {
    const login = `reviewer-${index}`
    desk.github.addUser(login)
    desk.github.setCollaborator(shop.name, login, 'write')
    for (let turn = 0; turn < 5; turn++) await shop.review(login, pull, turn < 4 ? 'COMMENT' : 'APPROVE')
  }
  const name = 'evaluation of 250 commits, 100 reviews, 3,000 files'
  const first = await measured(desk, shop, pull)
  const again = await measured(desk, shop, pull)
  await shop.push('olga', 'main', { 'src/cart.ts': 'x\n' }, { from: 'origin/main' })
  await rework(shop, pull, (clone) => clone.merge('origin/main'))
  const afterMerge = await measured(desk, shop, pull)
  return [
    { name: `${name}, first`, value: first.ms, unit: 'ms', aim: 'under 5,000' },
    { name: `${name}, first`, value: first.requests, unit: 'requests', aim: 'under 100' },
    { name: `${name}, again`, value: again.ms, unit: 'ms', aim: 'under 2,000' },
    { name: `${name}, again`, value: again.requests, unit: 'requests', aim: '0' },
    { name: `${name}, after an update merge`, value: afterMerge.ms, unit: 'ms', aim: 'under 5,000' },
    { name: `${name}, after an update merge`, value: afterMerge.requests, unit: 'requests', aim: 'under 20' },
  ]
}

async function measured(desk: Desk, shop: Shop, pull: Pull): Promise<{ ms: number; requests: number }> {
  desk.github.requests.reset()
  const start = performance.now()
  const { state } = await shop.judge(pull)
  if (state !== 'passed') throw new Error(`The large pull request is ${state}`)
  return { ms: Math.round(performance.now() - start), requests: desk.github.requests.counts.counted }
}
