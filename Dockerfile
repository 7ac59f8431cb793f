# Node 24 has long-term support, and the tests run on it. Debian bookworm instead of Alpine, because
# the tests run with bcrypt's prebuilt binary for glibc.
FROM node:24-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM base AS build
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY migrations migrations
COPY src src
# Not `npm run build`: its script, which also checks the installation, is not in the build context.
RUN npx nest build

FROM base AS dependencies
# Without optional packages, because TypeScript is an optional peer of @nestjs/swagger. The deleted files
# are for compilers and debuggers only, and more than a third of the rest.
RUN npm ci --omit=dev --omit=optional \
  && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.[cm]ts' \) -delete

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production APP_ENV=production HOST=0.0.0.0 PORT=3000
# All files belong to root, so that the service cannot change them.
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# The user `node` by its numbers, because Kubernetes' runAsNonRoot cannot check a name. Any other user works.
USER 1000:1000
# 3001 is the internal API. It is reachable from this container only, unless INTERNAL_HOST is set.
EXPOSE 3000 3001
# Liveness and not readiness, because a restart of the service does not help a database outage.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell or npm, so that the signal of `docker stop` reaches the service.
# Migrate first: node dist/src/cli.js migrate
CMD ["node", "dist/src/main.js"]
