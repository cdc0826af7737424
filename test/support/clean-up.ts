import { cleanAtEndOfFile } from './end-of-file.ts'

cleanAtEndOfFile()
