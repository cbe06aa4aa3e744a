# Images are pinned by digest; the tag beside it is for readers. To update one, change the tag, and take its
# digest from `docker buildx imagetools inspect IMAGE:TAG`.

FROM --platform=$BUILDPLATFORM denoland/deno:2.9.6@sha256:2014dc167ece617ef7e7ba40631ac2234c59e75ce693e7cc2dc2602b3c87859d AS build
WORKDIR /src
COPY . .
# The context has no git repository: docker build --build-arg COMMIT="$(git rev-parse --short HEAD)"
ARG COMMIT=unknown
# Cross-compiled for the platform of the image: nothing is emulated.
ARG BUILDARCH TARGETARCH
# A compiler that crashes may still exit with 0, so the executable is started where that is possible.
RUN machine=$(echo "$TARGETARCH" | sed 's/amd64/x86_64/; s/arm64/aarch64/') && \
  deno task compile --target "$machine-unknown-linux-gnu" && \
  { [ "$TARGETARCH" != "$BUILDARCH" ] || dist/jetstream-indexer version; }

# glibc, libgcc and certificates: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
COPY --from=build /src/dist/jetstream-indexer /jetstream-indexer
# As a number, so that an orchestrator can check that the user is not root.
USER 65532:65532
EXPOSE 9090
# At the first start the database may still be initialising.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["/jetstream-indexer", "status", "--ready"]
ENTRYPOINT ["/jetstream-indexer"]
CMD ["run"]
