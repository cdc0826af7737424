import type { Progress } from '../regression/run-cases.ts'

/** Shows the progress of a run. Does nothing unless the stream is a terminal, or where `NO_COLOR` asks for plain text. */
export async function progressDisplay(
  stream: NodeJS.WriteStream,
): Promise<{ show: (progress: Progress) => void; stop: () => void }> {
  if (!stream.isTTY || process.env.NO_COLOR) return { show: () => undefined, stop: () => undefined }
  const { default: ora } = await import('ora')
  const spinner = ora({ stream, text: 'connecting', discardStdin: false }).start()
  return {
    show(progress) {
      spinner.text = describeProgress(progress)
    },
    stop: () => void spinner.stop(),
  }
}

/** `12 of 50 cases: a reward is issued once`, then `24 of 60 samples: …`. */
export function describeProgress({ phase, done, total, name }: Progress): string {
  const plain = name.replace(/\p{C}/gu, '')
  return `${done} of ${total} ${phase}${plain ? `: ${plain}` : ''}`
}
