# One image for all services; the command chooses one:
#
#   docker build --tag orderbell:0.1.0 .
#   docker run --env-file … orderbell:0.1.0 services/orders/main.ts
#
# It needs no writable file, no capability and no certain user: docs/reference/settings.md.
# RUN lines use relative paths only, so that test/production/image.test.ts can run them anywhere.

# The web console, by the development dependencies.
FROM node:26.10.0-slim AS console
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY platform platform
COPY contracts contracts
COPY client client
COPY console console
COPY dev dev
RUN node dev/start/console.ts

# The tree of the image. Source maps and types are of no use at run time.
FROM node:26.10.0-slim AS app
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && find node_modules -name '*.map' -delete -o -name '*.d.[cm]ts' -delete -o -name '*.d.ts' -delete \
  && rm package-lock.json .npmrc
COPY LICENSE ./
COPY platform platform
COPY contracts contracts
COPY services services
COPY --from=console /app/console/dist console/dist
# For any user, even if the build's umask kept the files from others.
RUN chmod -R a+rX .

FROM node:26.10.0-slim
ENV NODE_ENV=production PORT=8080 LISTEN_ADDRESS=0.0.0.0
# glibc would keep an arena of freed memory for each thread.
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=app /app /app
USER 65532:65532
EXPOSE 8080
# Not by fetch, which would ask a proxy of the environment. It takes PORT and TLS_CERTIFICATE, not
# <SERVICE>_PORT and so on. To itself a process needs no proof.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --start-interval=1s \
  CMD ["node", "-e", "const { PORT: port, TLS_CERTIFICATE, TLS_CERTIFICATE_FILE } = process.env; require(TLS_CERTIFICATE || TLS_CERTIFICATE_FILE ? 'https' : 'http').get({ host: '127.0.0.1', port, path: '/livez', agent: false, rejectUnauthorized: false }, ({ statusCode }) => process.exit(Number(statusCode !== 200))).on('error', ({ message }) => { console.error(message); process.exit(1); })"]
# Node is process 1, so it gets SIGTERM itself. The flags keep a busy gateway at 155 MB, not 230 MB.
ENTRYPOINT ["node", "--v8-pool-size=1", "--max-semi-space-size=8"]
CMD ["services/gateway/main.ts"]
