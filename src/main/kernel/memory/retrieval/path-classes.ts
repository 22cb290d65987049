/** Paths that by common usage hold tests, their data included. */
export const TEST_PATH =
  /(?:^|\/)(?:tests?|__tests__|specs?|fixtures|testdata)\/|(?:\.|_)(?:test|tests|spec)\.[^/]+$|(?:^|\/)test_[^/]+\.py$|(?:^|\/)conftest\.py$/

/** Paths that by common usage are written by programs. */
export const GENERATED_PATH =
  /(?:^|\/)(?:generated|__generated__|vendor|third_party|dist|build|node_modules)\/|\.min\.(?:js|css)$|\.(?:g|generated|pb|gen)\.[^/]+$|_pb2(?:_grpc)?\.py$|\.snap$|(?:^|\/)(?:package-lock\.json|pnpm-lock\.yaml|bun\.lockb?|yarn\.lock|Cargo\.lock|poetry\.lock|go\.sum|composer\.lock)$/
