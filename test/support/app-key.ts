import { generateKeyPairSync } from 'node:crypto'

/** The private key of an App, as PEM: a new one for each test file. */
export const appKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
}) as string
