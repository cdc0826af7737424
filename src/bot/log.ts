import { type DestinationStream, type Logger, pino } from 'pino'
import type { Settings } from '../settings/settings.ts'

/** The bot's log, as lines of JSON without secrets. `destination`: stdout when left out. */
export function createLog({ logLevel }: Pick<Settings, 'logLevel'>, destination?: DestinationStream): Logger {
  const redact = ['*.headers.authorization', '*.privateKey', '*.token']
  return destination ? pino({ level: logLevel, redact }, destination) : pino({ level: logLevel, redact })
}
