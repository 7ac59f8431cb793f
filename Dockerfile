# Node 24 is under long-term support, and the product is run on it besides 20. Debian bookworm and not Alpine, because
# bcrypt's ready-made binary for it wants glibc and is what the tests run on.
FROM node:24-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM base AS build
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY migrations migrations
COPY src src
# Not `npm run build`, whose script also looks after what is installed, and is not here.
RUN npx nest build

FROM base AS dependencies
# Optional too: TypeScript is an optional peer of @nestjs/swagger, and would stay. What serves compilers and debuggers
# alone is more than a third of the rest.
RUN npm ci --omit=dev --omit=optional \
  && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.[cm]ts' \) -delete

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production APP_ENV=production HOST=0.0.0.0 PORT=3000
# All of it belongs to root: the service cannot change what it runs.
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# `node` by its numbers, because Kubernetes' runAsNonRoot cannot tell that a name is not root. Any other user will do.
USER 1000:1000
# 3001: the doors for services, on INTERNAL_HOST, which is the container alone unless it is set.
EXPOSE 3000 3001
# Alive, not ready: a database that is away is no reason to restart the service.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm between: the signals of `docker stop` reach the service. Migrate first: node dist/src/cli.js migrate
CMD ["node", "dist/src/main.js"]
