# Images are pinned by digest; the tag beside it is for people. To move on: change the tag, take its
# digest from `docker buildx imagetools inspect IMAGE:TAG`.

FROM --platform=$BUILDPLATFORM denoland/deno:2.9.6@sha256:2014dc167ece617ef7e7ba40631ac2234c59e75ce693e7cc2dc2602b3c87859d AS build
WORKDIR /src
COPY . .
# There is no repository in here to ask: docker build --build-arg COMMIT="$(git rev-parse --short HEAD)"
ARG COMMIT=unknown
# Compiled on this machine for the one that the image is for: nothing is emulated.
ARG BUILDARCH TARGETARCH
# A compiler that crashes may still say that all is well, so the executable has to answer where it can.
RUN machine=$(echo "$TARGETARCH" | sed 's/amd64/x86_64/; s/arm64/aarch64/') && \
  deno task compile --target "$machine-unknown-linux-gnu" && \
  { [ "$TARGETARCH" != "$BUILDARCH" ] || dist/jetstream-indexer version; }

# glibc, libgcc and certificates: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
COPY --from=build /src/dist/jetstream-indexer /jetstream-indexer
# By number, so that an orchestrator can see that it is not root.
USER 65532:65532
EXPOSE 9090
# The first start waits for a database that is being made.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["/jetstream-indexer", "status", "--ready"]
ENTRYPOINT ["/jetstream-indexer"]
CMD ["run"]
