// `npm run doctor [-- --json]`: the same as `keyframe doctor`, with what it needs put in place first.
process.argv.splice(2, 0, 'doctor')
await import('./keyframe.mjs')
