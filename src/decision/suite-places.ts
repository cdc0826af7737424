/** Where the suites of a policy lie: one file, or several by file, glob and folder. */
export type SuitePlaces = string | string[]

/** Globs that match the suites; a folder means the files in it. Of what they match only YAML files are suites. */
export function suiteGlobs(places: SuitePlaces): string[] {
  return [places].flat().map((place) => (isSuiteFile(place) || /[*?]/.test(place) ? place : `${place}/*`))
}

export function isSuiteFile(path: string): boolean {
  return /\.ya?ml$/.test(path)
}

/** The one file that a policy names, which needs no list of all files to be found. */
export function onlySuite(places: SuitePlaces): string | undefined {
  return typeof places === 'string' ? places : undefined
}

/** How a run is kept by its suites: one of other suites is not evidence. No place has a backslash of its own. */
export function suitesName(places: SuitePlaces): string {
  return [places]
    .flat()
    .map((place) => place.replaceAll(' ', '\\ '))
    .join(' ')
}
