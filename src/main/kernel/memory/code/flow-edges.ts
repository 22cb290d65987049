/**
 * Ways of values as the graph has them: edges of kind `flows_to`, each owned by the file in which the value moves, at the line where it does.
 *
 * *Nodes.* All are ordinary nodes of the graph.
 * - A parameter or a local variable: kind `variable`, key `PATH#FUNCTION(NAME)`, as `src/bill.ts#Invoice.total(country)`; in code of the module
 *   that is in no function `PATH#(NAME)`. There is one only when some way leads from or to it. Variables of the same name in the same function
 *   (a block, a callback) are one node. It has no `contains` edge; its `name` is the variable's.
 * - What a function returns: the node of the function or method itself, `PATH#FUNCTION`.
 * - A variable of a module: its own symbol, `PATH#NAME`.
 * - A property whose type is known and of the repository: its own symbol, `PATH#Type.NAME` (kinds `property`, `method` for an accessor).
 * - A property of something unknown: `property:NAME`, kind `property`, tied to no file, for every file that says so with `declared` 0. All values
 *   that are ever put into any property of that name come together there: a query should pass through it only when NAME is (a spelling of)
 *   what is asked for, and may take it as the same place as every `Type.NAME`.
 *
 * *Edges*, from where the value is to where it goes; `method` says how:
 * - `argument to parameter`: value, or the function whose result is handed on, to `PATH#CALLEE(PARAM)`. Confidence is that of the call's resolution.
 * - `returned`: value to the function that returns it. 1.
 * - `result of a call`: function to the variable, property or parameter that gets what it returns. Confidence of the call's resolution.
 * - `assignment`: variable to variable. 1.
 * - `property written`, `property read`: .9 with a known type, .4 for `property:NAME`.
 * - `part of a value`: only a part of what the target holds: an element, a template string, an object literal's entry, a spread. .8 of the above.
 * - `through NAME`: in and out of a call of code outside of the repository (`String(userId)`, `userId.trim()`). .5.
 */
