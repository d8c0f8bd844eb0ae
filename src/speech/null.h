/* speech/null.h -- the engines that need no models: what the tests hear and say.
 *
 * Recognizer "null": tc_recognizer_config.script is the text, or "@path" of a file with it. Each
 * line is one utterance, taken in the order in which utterances begin:
 *
 *	[SPEAKER:] WORDS [| CONFIDENCE [| END_SCORE]]
 *
 * A line with a SPEAKER is taken only by the stream of that name; one without by any. `-` for WORDS
 * is a noise: nothing understood. CONFIDENCE is 0.9 and END_SCORE -0.5 unless given. Words appear
 *in partials one every TC_NULL_WORD_MS of sound pushed; the final has them all, however short the
 * sound was. After a line `!hang` whoever
 * opens a stream waits for ever, as with a defect. When no line is left every utterance is
 *understood as nothing. Empty lines and lines that begin with # are skipped. Sound is counted,
 *never looked at.
 *
 * Synthesizer "null": TC_NULL_CHAR_MS of a 220 Hz tone for every letter of the clause, silence for
 * a space, in chunks of 20 ms; nothing is random, so lengths are exact.
 */
#ifndef TC_SPEECH_NULL_H
#define TC_SPEECH_NULL_H

#define TC_NULL_WORD_MS 200
#define TC_NULL_CHAR_MS 40
#define TC_NULL_RATE    16000

#endif
