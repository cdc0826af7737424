import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Policy } from '../../src/decision/policy.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import { verifyChain } from '../../src/store/audit/verify.ts'
import { appendRecord, readRecords } from '../../src/store/audit.ts'
import { migrate } from '../../src/store/database/migrations.ts'
import type { Database } from '../../src/store/database.ts'
import { markPullChanged } from '../../src/store/verdicts/changes.ts'
import { verdictsOnHead } from '../../src/store/verdicts.ts'
import { describeOnBoth } from '../support/databases.ts'
import { buildOld, oldCommits, readOld, schemaOf } from '../support/old-database.ts'

/** The migrations that were released. A change of the schema is a new file, and a new line here with its release. */
const frozen: Record<string, string> = {
  '0001_audit.sql': 'd9f5a30787f9843b1752bf97f53c4283efaef748ad5ca8baf39d902d4b38325d',
  '0002_deliveries.sql': '9b13e2d7b9e3b814cda4fd6fa40b07cbb47e1c6a6b22f480976a574a4c6f81ae',
  '0003_verdicts.sql': '306398bb854ff7d4bb9ba3da280b0d101b677b8729aa0209485fc70727cc0e60',
  '0006_notices.sql': 'df0c9720f235ad01281c20c29b541210b24fc9f42ff5346eb8b3125ad05fdae5',
  '0007_follow_ups.sql': '9ae4394adf811864463dbe5bda7ca32e1c0cf755aea603d133cc3890e02c8dcb',
  '0008_evidence.sql': 'a827a1beaf74f5e6a6553c73e0d4544277356645b201429acd374d28b6c86a60',
  '0009_freezes.sql': 'c1982a519d1a7957291db3d0d11c8618959945daa2fa7cc265a1ab541273e5ea',
  '0010_anchors.sql': 'e195bd65266b1505687ed466e2de6c8e8a036d6ce579da3e1be2dfbddabd2a2f',
  '0011_catch_up.sql': '234b4c6c19f9f2543d7616daa49f1a83f9eabecb8b2862b86fa7ff2e43e77a83',
  '0012_changes.sql': 'a74a2edd7834f67ec26565137d57abcdc81e2b60a08b4f943af359989aec88c3',
  '0013_roles.sql': '1e21906c1c58ef27b1c90bed0d71dfd8a88e59d3e98285f42c388c6aaea5bacc',
  '0014_pauses.sql': 'b756cc297d15a945a90ceb1854b012bedbb1c3e3828cde64acc3db236d0c2520',
  '0015_history.sql': '77ec61e544bafcc81b7b97af876d483344d3da9a8ed794b231a7211e85fbebfe',
  '0016_causes.sql': '867733189959eca192e5bea2614e663b4a2752b97a7d604e541123a734592b0a',
  '0017_looks.sql': '74f07159006a2cb4ef5285d8f720048d518c00f6484c0e253391e15fd088ef6f',
  '0018_runbooks.sql': 'b221ec4938e04eec378cc72a5999bc6242c228b8a97afe25d157d3dd48ec07e6',
  '0019_sessions.sql': '1949cf413f1dcd333f3e101b9a618f846a71cae021044c6f87f4d21c2d878492',
  '0020_incidents.sql': '3484eff4c6fe1469e207402c205d698b68b59ad03820d3c85d5b6979b7e2668d',
  '0021_organization_policies.sql': '85b8a511869ef30af45ad2cad7ee19f1dd4ebb5aaaf2ba6d0318165485cb1360',
  '0022_mirrors.sql': '815c276754951643ee816af66351fba5775143b2c069814138c1fb64dc97211d',
  '0023_post_mortems.sql': '0c9acc8ab4178de126a5ff959a2883ad932721ec588bd7e6aeaeed9a762ee2e8',
  '0024_health.sql': '31d07bb38fda39f5588f7f510275f53f9fef5d361e682325593a33f305f6630a',
  '0025_change_records.sql': 'd4422b1207d65fc5541f25ee33002c9056b8b290ed170674ca503d72cb91f73f',
  '0026_exemptions.sql': '750457235927b60516de12040c504f2c8caebde8da4388ae3de7a6d3e465d760',
  '0027_exemption_records.sql': 'ba0324826095fe4835c8dc0703b7a941af40c94bb6bf342a673841f01a55328f',
  '0029_alerts.sql': '58ebb54069dcdd4ba168ac27f647f6df43ebe4c74a521068e120783edcd9c251',
  '0030_incident_links.sql': '0f18cbba42ecd80a1665684b34cf167c9ea6c241297713f3263a20042eb71a43',
  '0032_exemption_base.sql': '69d55fdb6388843de3ae5eab486920fc2b2dac9ef1d89d6f5bf6f70ef63e4ba2',
  '0033_organization_repositories.sql': 'b98baa97f509e40bbf651c852b58a3eb0043828fd033c1effedd7f613367cd7b',
  '0034_change_cards.sql': 'fb4cd69fe18cc5ab96210a077039a64e3ef78273b15a91e954b776d003483a1a',
  '0037_comment_commands.sql': 'a202de9a643fadf38d67bf1ccc429d97343b2fb38dbe53054c7777f7ee17be52',
  '0038_comment_command_records.sql': '7103257d1b9b4986358312cab509f5fd7e76ad8864116d55a2a1d4216b603b2d',
  '0041_gone_alerts.sql': '12621a9726944e2cb584c567d50ec3e47d9bb61a3381e9016a25679009ea0a4b',
  '0045_freeze_ids.sql': '37fdfb150c1ee785ec8f76008cb7d2efa5520e8665419ff9e7e6fb9994a86531',
  '0047_policy_standing.sql': '5cf673df76744620a45daa91a90a8fbebd4bc83d3680045255b9c8fed4631570',
  '0048_evidence_settings.sql': 'ba2676cec421b0097db19d485639fdddac781e52467a9fab072eb24bdfbe04af',
  '0049_landing_times.sql': 'f621c56a250ca5bc3386890e4a94e9920979ee74c27d81b92027bb1efe99030c',
  '0050_refused_channels.sql': '1e5f5048777b2d458ed646c0ec27e37ed4066b8f12e946c9dc370cb1fcbb1279',
}

const folder = new URL('../../migrations/', import.meta.url)

describe('a released migration never changes', () => {
  test.each(Object.entries(frozen))('%s', (name, hash) => {
    const sql = readFileSync(new URL(name, folder), 'utf8').replaceAll('\r\n', '\n')
    expect(createHash('sha256').update(sql).digest('hex')).toBe(hash)
  })

  test('and every migration stands in this list', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(frozen))
  })
})

type Decided = { state: string; snapshot: Snapshot; policy: { settings: Policy | null } }

describeOnBoth('a database of an earlier commit', (open) => {
  let database: Database
  let fresh: string[]
  beforeAll(async () => {
    database = await open()
    fresh = await schemaOf(database)
  })

  test('is kept for each form that the migrations ever had', () => {
    expect(oldCommits).toHaveLength(10)
  })

  describe.each(oldCommits)('%s', (commit) => {
    const old = readOld(commit)
    beforeAll(async () => {
      await buildOld(database, old)
      await migrate(database)
    })

    test('has the schema of a new one after the upgrade', async () => {
      expect(await schemaOf(database)).toEqual(fresh)
    })

    test('keeps every record, verifies, and takes new ones', async () => {
      const records = old.tables.audit_records?.rows.length
      expect(records).toBeGreaterThan(10)
      expect(await verifyChain(database)).toMatchObject({ ok: true, records })
      await appendRecord(database, { installationId: 50001, kind: 'decided', at: new Date(), body: {} })
      expect(await verifyChain(database)).toMatchObject({ ok: true, records: Number(records) + 1 })
    })

    test('gives the same verdicts again from the facts in its records', async () => {
      const decided: Decided[] = []
      for await (const { kind, body } of readRecords(database, 50001))
        if (kind === 'decided' && 'snapshot' in body) decided.push(body as Decided)
      const judged = decided.flatMap(({ state, snapshot, policy: { settings } }) =>
        settings ? [{ state, again: decide(snapshot, settings).state }] : [],
      )
      expect(judged.map(({ again }) => again)).toEqual(judged.map(({ state }) => state))
      expect(judged.length).toBeGreaterThan(5)
    })

    test('keeps its pull requests with their verdicts, and hears of them as before', async () => {
      const { columns = [], rows = [] } = old.tables.verdicts ?? {}
      const kept = await database.query<{ n: number }>('SELECT count(*) AS n FROM release_gate.verdicts')
      expect(kept).toEqual([{ n: rows.length }])
      const value = (name: string) => rows[0]?.[columns.indexOf(name)] ?? ''
      const repository = { installationId: 50001, repositoryId: Number(value('repository_id')) }
      const pull = {
        ...repository,
        owner: value('owner'),
        repo: value('repo'),
        number: Number(value('number')),
      }
      const [named] = await markPullChanged(database, pull, value('head_sha'))
      expect(named).toEqual({ pull, green: value('state') === 'passed' })
      for (const { upToDate } of await verdictsOnHead(database, repository, value('head_sha')))
        expect(upToDate).toBe(false)
    })
  })
})
