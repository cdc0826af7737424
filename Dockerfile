# The bot as a container. `docker compose up` runs it with Postgres; docs/operations.md has more.
# Pinned by digest, so that a tag that was moved changes nothing. Another one: --build-arg NODE=node:26.10.0-slim@sha256:…
ARG NODE=node:26.10.0-slim@sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1

FROM ${NODE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM ${NODE}
ENV NODE_ENV=production DATA_DIR=/data HOST=0.0.0.0
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules ./node_modules
COPY package.json app.yml ./
COPY migrations ./migrations
COPY src ./src
USER node
VOLUME /data
EXPOSE 3000
# Recovery and the first look at every repository happen behind this; the first start of the embedded database takes seconds.
HEALTHCHECK --start-period=60s --start-interval=2s --interval=30s --timeout=10s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# V8 would let the garbage of a moment fill 16 MB three times; with 2 MB the bot holds a fifth less memory at rest.
CMD ["node", "--max-semi-space-size=2", "src/main.ts", "start"]
