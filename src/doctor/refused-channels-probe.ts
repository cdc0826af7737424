import type { Probe } from './probes.ts'

/** Whether Slack takes messages for every channel that notices go to. `count`: for how many it does not; undefined: that is not known. */
export function refusedChannelsProbe(count: () => Promise<number | undefined>): Probe {
  return {
    name: 'Slack channels',
    run: async () => {
      const refused = await count()
      if (refused === undefined)
        return { unknown: 'It is not known from here whether Slack takes every message.' }
      if (refused === 0) return 'No notice waits for a channel in Slack.'
      const channels = refused === 1 ? '1 channel' : `${refused} channels`
      return {
        failed: `Slack takes no message for ${channels}, so notices wait.`,
        fix: '`release-gate status` names each and says why: unarchive the channel, invite the bot, or name another one in the policy.',
      }
    },
  }
}
