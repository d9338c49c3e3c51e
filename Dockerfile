# Salvage in a container: non-root, healthcheck, data in /data (mount a disk there: the spool must survive).
FROM node:24-slim AS build
WORKDIR /build
# docker build --build-arg SOURCE_VERSION=$(git rev-parse HEAD) . : the commit that /__version__ tells
ARG SOURCE_VERSION=
COPY . .
RUN node scripts/ensure-install.mjs && npm pack --silent

FROM node:24-slim
RUN useradd --system --create-home --uid 10001 salvage && mkdir /data && chown salvage:salvage /data
COPY --from=build /build/salvage-*.tgz /tmp/salvage.tgz
RUN npm install --global --omit=dev /tmp/salvage.tgz && rm /tmp/salvage.tgz
USER salvage
WORKDIR /home/salvage
ENV HOST=0.0.0.0 PORT=8000 SALVAGE_DATA_DIR=/data NODE_ENV=production
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/__lbheartbeat__`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["salvage"]
CMD ["serve"]
