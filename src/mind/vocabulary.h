/* mind/vocabulary.h -- words the mind knows something about, as lists for tc_word_in(). */
#ifndef TC_MIND_VOCABULARY_H
#define TC_MIND_VOCABULARY_H

#define TC_FEELING_BAD                                                                         \
	"anxious|anxiety|nervous|afraid|scared|worried|worry|stressed|stress|stressful|tired|" \
	"exhausted|overwhelmed|sad|lonely|angry|frustrated|stuck|guilty|ashamed|hopeless|"     \
	"depressed|upset|hurt|lost|confused|insecure|pressure|panic|bad|tense|restless|"       \
	"disappointed|jealous|bored|fear|helpless|terrible|awful|empty|burned|argument|numb"
#define TC_FEELING_GOOD                                                                       \
	"happy|proud|hopeful|excited|grateful|calm|relaxed|confident|good|great|better|glad|" \
	"motivated|relieved|wonderful|fine|joy|peaceful|brave"
#define TC_WISH                                                              \
	"want|wish|need|hope|plan|planning|goal|goals|decide|decided|wants|" \
	"trying|change|improve|learn"
#define TC_HARD                                                                           \
	"can't|cannot|couldn't|hard|difficult|struggle|struggling|avoid|avoiding|unable|" \
	"impossible|problem|fail|failed|failing"
#define TC_PEOPLE                                                                             \
	"manager|boss|wife|husband|partner|mother|father|mom|dad|team|client|friend|friends|" \
	"colleague|colleagues|son|daughter|family|kids|children|sister|brother|coworker|"     \
	"people|girlfriend|boyfriend|parents|coach"
#define TC_PAST                                                                              \
	"yesterday|last|had|went|did|was|were|told|said|handled|happened|gave|felt|started|" \
	"did|finished|made|talked|tried|ago"
#define TC_ASKING                                                                           \
	"what|why|how|when|where|who|which|can|could|would|will|do|does|did|is|are|should|" \
	"am"
#define TC_PRONOUNS                                                                             \
	"i|i'm|i've|i'd|i'll|we|we're|we've|she|she's|he|he's|they|they're|it|it's|that's|you|" \
	"you're|nobody|everybody|there|this"
#define TC_DETERMINERS "my|our|the|his|her|their|every|some|these|those|a|an|your"
#define TC_SUBJECTS \
	"i|i'm|i've|i'd|i'll|my|we|we're|she|he|they|it|it's|there|the|that's|you|nobody"
#define TC_VERB_AFTER_YOU                                                                     \
	"are|were|said|say|have|had|can|could|would|should|do|did|will|told|think|know|want|" \
	"mean|asked|feel|see|heard|understand|never|always|really|don't|didn't|can't|listen|" \
	"help|seem|sound|look"

#endif
