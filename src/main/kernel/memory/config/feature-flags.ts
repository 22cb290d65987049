import { FactsCollector, keyed } from '../data/collect-facts'
import { isSource, sourceTokens } from '../data/source-tokens'
import { Symbols, TextPlaces } from '../data/text-place'
import { argumentStarts, chainBefore, isSign, isText, isWord } from '../data/token-walk'
import type { FactsSource } from '../facts-source'

interface FlagCall {
  readonly call: RegExp
  /** What the call is made on, or what the file names: one of them must match. */
  readonly holder: RegExp
  readonly file: RegExp
  readonly method: string
  readonly confidence: number
}

/** Asked in order; the first that matches is believed. */
const CALLS: readonly FlagCall[] = [
  {
    call: /^(?:variation|(?:bool|boolean|string|int|integer|number|double|float64|json|jsonValue)Variation(?:Detail|_?Ctx)?|Bool(?:Value)?Variation\w*|(?:String|Int|Float64|JSON)Variation\w*|variation_detail)$/,
    holder: /launchdarkly|ld|client|flags?/i,
    file: /launchdarkly|ldclient/i,
    method: 'LaunchDarkly',
    confidence: 0.9,
  },
  {
    call: /^(?:get|Get)?_?(?:Boolean|String|Number|Object|Integer|Double|Float|boolean|string|number|integer|float|object)(?:_|V)?(?:alue|value)(?:_details|Details|Async)?$|^use(?:Boolean|String|Number|Object)Flag(?:Value|Details)$/,
    holder: /feature|flag|openfeature|client/i,
    file: /open-?feature/i,
    method: 'OpenFeature',
    confidence: 0.9,
  },
  {
    call: /^(?:isEnabled|is_enabled|IsEnabled|getVariant|get_variant|GetVariant|useFlag|useVariant)$/,
    holder: /unleash/i,
    file: /unleash/i,
    method: 'Unleash',
    confidence: 0.9,
  },
  { call: /^(?:enabled\?|enabled|enable|disable)$/, holder: /^Flipper$|^flipper$/, file: /^$/, method: 'Flipper', confidence: 0.9 },
  {
    call: /^(?:isOn|isOff|is_on|is_off|getFeatureValue|get_feature_value|evalFeature|eval_feature|useFeatureIsOn|useFeatureValue|useFeature)$/,
    holder: /growthbook|^gb$/i,
    file: /growthbook/i,
    method: 'GrowthBook',
    confidence: 0.9,
  },
  {
    call: /^(?:isFeatureEnabled|is_feature_enabled|featureEnabled|feature_enabled|feature_enabled\?|isFlagEnabled|is_flag_enabled|flagEnabled|useFeatureFlag|getFeatureFlag|get_feature_flag|hasFeature|flag_is_active|checkGate|check_gate)$/,
    holder: /^/,
    file: /^$/,
    method: 'feature flag by name of the call',
    confidence: 0.75,
  },
  {
    call: /^(?:isEnabled|is_enabled|IsEnabled|isActive|is_active|enabled)$/,
    holder: /feature|flag|toggle/i,
    file: /^$/,
    method: 'feature flag by name of the call',
    confidence: 0.7,
  },
]
/** What holds the client of a flag service, where the file names the service. */
const CLIENT = /client|unleash|feature|flag|toggle|^ld$|^gb$|growthbook|provider/i
const NAME = /^[A-Za-z][\w.:/-]{1,99}$/
const HINT = /[vV]ariation|[fF]eature|[fF]lag|unleash|[Ff]lipper|[Gg]rowth|[tT]oggle|[gG]ate/

/** Which function asks for which feature flag. */
export const featureFlags: FactsSource = {
  id: 'feature-flags',
  claims: isSource,
  read({ path, text, code }) {
    const facts = new FactsCollector()
    if (!HINT.test(text)) return facts.facts()
    const calls = CALLS.map((entry) => ({ ...entry, named: entry.file.source !== '^$' && entry.file.test(text) }))
    const tokens = sourceTokens(path, text)
    const places = new TextPlaces(text)
    const symbols = new Symbols(code)
    for (let at = 0; at < tokens.length; at += 1) {
      const word = tokens[at]
      if (!isWord(word)) continue
      const question = isSign(tokens[at + 1], '?') && isSign(tokens[at + 2], '(') ? 1 : 0
      const open = at + 1 + question
      if (!isSign(tokens[open], '(')) continue
      const name = question === 1 ? `${word.text}?` : word.text
      const matches = calls.filter((entry) => entry.call.test(name))
      if (matches.length === 0) continue
      const holder = chainBefore(tokens, at).join('.')
      const rule = matches.find((entry) => entry.holder.test(holder) || (entry.named && (holder === '' || CLIENT.test(holder))))
      if (rule === undefined) continue
      // The name is the first text among the arguments: some take a context before it. Ruby's symbols begin with a colon.
      const start = argumentStarts(tokens, open)
        .slice(0, 3)
        .find((index) => isText(tokens[index]) || (isSign(tokens[index], ':') && isWord(tokens[index + 1])))
      const flag = start === undefined ? undefined : isText(tokens[start]) ? tokens[start] : tokens[start + 1]
      if (flag === undefined || !NAME.test(flag.text)) continue
      const place = places.place(flag.at)
      const key = `feature_flag:${flag.text}`
      const writes = /^(?:enable|disable)$/.test(name)
      facts.mention(key, 'feature_flag', flag.text, place)
      facts.relate(
        { is: 'symbol', symbol: symbols.at(place.line) },
        writes ? 'writes' : 'reads',
        keyed(key),
        place.line,
        rule.confidence,
        rule.method,
      )
    }
    return facts.facts()
  },
}
