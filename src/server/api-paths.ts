/** Where the command line sends its requests. */
export const freezePath = '/api/freeze'
export const exemptPath = '/api/exempt'
export const statusPath = '/api/status'
export const incidentPath = '/api/incidents'
export const incidentEndPath = '/api/incidents/end'
export const loginPath = '/api/login'
export const loginTokenPath = '/api/login/token'
export const logoutPath = '/api/logout'
