import { Command } from 'commander'

/** `demo`: a release week on this machine, told as it happens. 0 as told, 1 not as told. */
export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'tell a release week on this machine: a local GitHub on real git repositories, and the real bot',
    )
    .option('--keep', 'leave everything running at the end, with its addresses printed')
    .addHelpText('after', '\nExit codes: 0 everything was as told, 1 something was not.')
    .action(async (options: { keep?: boolean }) => {
      // Loaded only here: the bot itself never needs the sandbox.
      const { runDemo } = await import('../sandbox/demo.ts')
      process.exitCode = (await runDemo({ keep: options.keep === true })) ? 0 : 1
    })
}
