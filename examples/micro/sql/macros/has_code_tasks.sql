-- has_code_tasks: whether a text asks for something that is made of code, how two
-- notions of programming differ or what a piece of code does, shows an identifier or a
-- problem in the form of programming contests, or has several words that mean code
-- together.
--
-- grain:  one boolean a text, null for null
-- inputs: text (what is asked, not the material under it)
-- params: none
-- source: idioms of programming; decided here
create or replace macro has_code_tasks(text) as (
    -- to make what is made of code, how two of its notions differ
    regexp_matches(
        text,
        '(?i)\b(implement(s|ing|ed|ation of)?|code( up)?|program|build|write|create'
        || '|make|develop|design)( me)? (an?|the|my|this|your|simple)?( ?[\w-]+){0,4}'
        || ' (stacks?|queues?|heap|cache|parser|tokenizer|lexer|iterator|scheduler'
        || '|thread pool|(command[- ]line|console|gui|terminal|scientific|simple'
        || '|basic) (tool|calculator|app|application|program)|to-?do (list )?app\w*'
        || '|calculator( app)?|stop ?watch|web ?(app|page|server|service)|discord bot'
        || '|telegram bot|chat (app|server|application)|rest|crawler|login (page|form'
        || '|system|screen|api)|url shortener|password (generator|validator|checker'
        || '|manager app)|hash ?map|(number|word|dice|text)[ -](guessing|adventure'
        || '|rolling|rpg) (game|simulator)|guessing game|game engine|state machine'
        || '|game of life|rock[ ,-]+paper[ ,-]+scissors|matrix multiplication'
        || '|neural network from scratch|countdown timer|image carousel|android app'
        || '|ios app|inventory management system|compiler|interpreter|sql|quer(y|ies)'
        || '|subroutine|backend|frontend|api|cli)\b|\b(difference|differences|differ'
        || '|distinguish|distinction|choose|vs\.?)\b.{0,20}\b(stack|queue|array|tuple'
        || '|compiler|interpreter|abstract class|interface|struct|const|var|null'
        || '|undefined|http|https|left join|inner join|truncate|char|varchar'
        || '|overloading|overriding|rebase|shallow|synchronous|asynchronous|vector'
        || '|thread|mutex|semaphore|pointer|linked list|hash|class|static|library|git'
        || '|== ?|===)s?[,'')" ]+(\w+ )?(and|or|vs\.?|versus|from|&)[ ''"(]+(an? '
        || '|the )?(\w+ )?(stack|queue|array|list|linked list|tuple|compiler'
        || '|interpreter|interface|struct|object|instance|let|const|var|null|undefined'
        || '|http|https|outer join|delete|left join|char|varchar|overriding|overloading'
        || '|merge|deep|synchronous|asynchronous|array ?list|process|thread|mutex'
        || '|semaphore|reference|array|table|class|static|framework|dynamic|github|svn'
        || '|===?)(s|es)?\b|\bwhat (does|is|are)( the| this| an?)? (\S+ )?(code'
        || '|function|query|snippet|command|regex|script|method|operator|decorator'
        || '|annotation) (do|does|mean|return|print|output|used for|for)\b|\b(call'
        || '|return|pass|invoke|define|override|overload)(s|ed|ing)?( an?| the| this'
        || '| multiple| two| my)?( \w+)? (functions?|methods?|variables?|arguments?'
        || '|parameters?|values? from)\b|\b(read|write|load|open|parse|import|export'
        || '|download|upload|append)(s|ing)?( an?| the| this| my| from| to| data from'
        || '| large| multiple| two)* (csv|json|xml|yaml|text|log|config|excel|binary'
        || '|zip|parquet)( data)? files?\b|\bconnect(ing)? to (an?|the|my) (\w+'
        || ' )?(database|server|api|socket|db)\b|\bprint(s|ing)? (out )?(the |all '
        || '|every |a )?(\w+ )?(numbers|pattern|pyramid|triangle|diamond|odd|even|prime'
        || '|fibonacci|first|multiplication table|hello)\b'
    )
    -- identifiers, calls and snippets in the sentence; problems in the form that
    -- programming contests give them
    or regexp_matches(
        regexp_replace(text, 'https?://\S+', '', 'g'),
        '`[^`\n]*[A-Za-z=+*<>(){}\[\]][^`\n]*`|\b[A-Za-z_][\w.]*\(\)'
        || '|\b[a-z]{3,}([A-Z][a-z]|HTML|URL)\w*|\b[a-z]+(_[a-z]+)+\b|\b(def|fn'
        || '|func) \w+\(|from \w+ import |[a-z]+-[a-z]+: ?[a-z\d]|\b(display|position'
        || '|float|overflow): ?(flex|none|grid|block|fixed|absolute|relative|left|right'
        || '|hidden|scroll|inline)|\w::\w|\B--[a-z]+|\$\w+ =|(?is)\bexample('
        || ' \d)?:?\s*input\b.{0,200}\boutput\b|(?i)\bgiven (an?|two|the|any|n|ordered'
        || '|some)?( ?[\w-]+){0,4} (arrays?|strings?|matrix|grid|board|trees?|graphs?'
        || '|integers?|intervals|linked|list of (integers|numbers|intervals|words'
        || '|strings)|number n|root|coordinates)\b.{0,200}\b(find|return|determine'
        || '|print|count|check|compute|output|write|merge|remove|sort|design'
        || '|implement)\b'
    )
    -- one word that hardly ever means another thing in a short text
    or (
        length(text) <= 150
        and regexp_matches(
            text,
            '(?i)\b(arrays?|integers?|null|servers?|databases?|(nested|slow|sql|these'
            || '|multiple) queries|schemas?|endpoints?|deploy(s|ed|ing|ment)?|repo(s'
            || '|sitory|sitories)?|pars(e|er|es|ing)|regex\w*|debug(s|ger|ging)?'
            || '|iterat(e|es|ing|or|ors)|recursi(on|ve|vely)|(front|back)[- ]?end'
            || '|bytes?|booleans?|runtime|async\w*|cach(e|es|ed|ing)|selectors?'
            || '|constructors?|callbacks?|immutab\w+|subclass(es)?|dependencies'
            || '|config(s|uration file)?|linux|docker\w*|on hover|hashing|(my|this'
            || '|nested|inner|infinite) loops?|loops? (over|is|inside|keeps?|through'
            || '|runs?)|a macro|macros? (that|to)|pointers? (to|and|in|is|work)'
            || '|(explain|what are) pointers|variables? (in|is|inside|outside|name'
            || '|scope|type|from|to|that)|strings? (in|to|of|is|into|from|and|as|with'
            || '|has|contains?|by)|(a|the|two|each|empty|input|long) strings?[?.,]'
            || '|process(es)? and (a )?threads?|threads? (and|in|pool|safe|safety|share'
            || '|are)|closures? (in|and|is|work)|a closure|query (that|to|is|takes?'
            || '|returns?|in|runs?|on|for)|(slow|this|my|the) query|director(y|ies) (in'
            || '|and|of|is|with|structure)|virtual environments?|inheritance (in|and|vs'
            || '|versus|or)|random (integers?|strings?|passwords?|numbers? (between'
            || '|without|generator))|line by line|hash (table|map|function|collision)s?'
            || '|unit tests?|test cases?|(sorted|nested|linked|two) lists?'
            || '|lists? of lists|(read|parse|open|load|write|append|upload'
            || '|stream)(ing)? (a|an|the|to a|from a|large|big|multiple) (\w+ )?files?'
            || '|bots? (that|to|which) (replies|posts|sends|answers|responds|tells'
            || '|plays|scrapes)|class (representing|that represents?|with methods|named'
            || '|called|hierarchy)|with .{0,40}\bmethods|(function|code|method|class'
            || '|loop|script|program|query) (to be|returns?|return|throws?|prints?'
            || '|fails?|crashes|hangs|takes|runs?|work)|my (container|server|page|site'
            || '|website|app|build|script|loop|code|program|query|function|button'
            || '|tests?|component|layout|footer|navbar|div|database|pod|cluster'
            || '|extension|plugin|api|kernel) (keeps?|doesn''t|does not|is not|isn''t'
            || '|won''t|crash\w*|returns?|throws?|fails?|hangs?|freezes|times out'
            || '|overlaps?|overflows?|never|gives)|(speed up|debug|load|deploy|host'
            || '|optimi[sz]e|build|make) (my|a|the) (web ?site|web page|web ?app'
            || '|page) (load|faster|responsive|mobile|scroll|from scratch|with|in)'
            || '|web ?site load|schedul(e|ing) an? (job|script|task) to run'
            || '|button (chang|click|work)\w*|(container|application|server|error'
            || '|access|build) logs?)(\b|$)'
        )
    )
    -- features of pages and programs, exercises of programming courses
    or regexp_matches(
        text,
        '(?i)\b(pagination|dark mode|breakpoints?|big o|generics (in|for|and|work|are)'
        || '|camel ?case|snake[_ ]case|kebab[- ]case|hamburger menu|tooltips?'
        || '|infinite scroll|lazy load\w*|debounc\w+|favicon|sticky (header|footer'
        || '|nav\w*)|side ?bar|search bar|contact form|progress bar|splash screen'
        || '|push notifications? (to|in|for|with)|http (call|client)s?|(add|implement'
        || '|integrate) (a |an )?(authentication|login|sign[- ]?in|logging|search'
        || '|payment|caching|validation|animations?|captcha) (\w+ )?(to|in|into|for'
        || '|with) (my|a|an|the|our) (\w+ )?(site|website|app|application|page|form'
        || '|service|project)|(second|third|k-?th|nth|two) (largest|smallest|highest'
        || '|lowest|biggest|most frequent) (number|element|value|item|integer|salary'
        || '|distinct)s?|swap (two|the) (variables|numbers|values|nodes|elements)'
        || '|without (using )?(modulo|loops?|a loop|built-?ins?|built-in \w+|recursion'
        || '|extra (space|memory)|a temp(orary)?( variable)?|an? \w+ (operator|function'
        || '|library)|sorting|division)|(sort|group|filter|search|dedup\w*'
        || '|order)(ing)? (the )?(objects|records|rows|entries|elements|data|tuples'
        || '|users) (by|with|on|in)|(split|splitting) (a |the )?(text|line|lines|input'
        || '|string|sentence) (on|by|at|into)|(by|on) (two|multiple|several) (fields'
        || '|keys|columns|criteria)|design (a|an) (parking lot|elevator|vending machine'
        || '|library management|hotel booking|movie ticket|atm|logging|notification'
        || '|ride[- ]sharing|chat|rate limiting|caching|recommendation|file storage)'
        || ' (system|service|application|class)|on the client( side)?\?|version of (a'
        || '|the|my|this) (package|library|module|framework|compiler)|(install'
        || '|uninstall|upgrade|import|publish)(ed|ing|s)? (a|the|this|an?'
        || '|my) (\w+ )?(package|module|library|dependency|extension)|(form|page|button'
        || '|script|modal|sidebar|menu|image|link) (from |to )?(submit|reload|refresh'
        || '|toggl|collaps|scroll|overlap|load)(s|es|ting|ing|ed|ling)?( twice| again)?'
        || '|structure (a|my|the) (\w+ ){0,2}(project|codebase|repository|application'
        || '|app)|(coding|programming) (style|conventions?|standards?|patterns?'
        || '|bootcamp project|concepts?)|(leap year|armstrong number|perfect number'
        || '|fizz ?buzz|anagrams?|palindromes?|factorial|fibonacci|prime numbers?'
        || '|caesar cipher|roman numerals?|temperature converter|tip calculator'
        || '|bmi calculator|dice roll(er|ing)?|number guessing|word count(er)?'
        || '|stopwatch|alarm clock|quiz game|password generator) (function|program|code'
        || '|script|app|checker|in code|recursively|iteratively)|(write|make|create'
        || '|implement|code|build) (a|an|the) (\w+ )?(leap year|armstrong|anagram'
        || '|palindrome|factorial|fibonacci|caesar cipher|temperature converter'
        || '|tip calculator|bmi calculator|dice roller|number guessing|word counter'
        || '|calculator|stopwatch|password generator|file organi[sz]er|expense tracker'
        || '|todo|weather app|chat app|quiz app|clone of))\b'
    )
    -- well-known exercises, what goes wrong, what is done with files and charts
    or regexp_matches(
        text,
        '(?i)\bo\((1|n|log|n log|v|2\^|k)[^)]{0,12}\)|(^|[\s"''(])\.(git\w+|env|bashrc'
        || '|zshrc|htaccess|dockerignore|editorconfig)\b|\b(shortest path|(solve'
        || '|through|generate) a maze|flood fill|spiral matrix|coin change'
        || '|climbing stairs|two sum|three sum|trapping rain|majority element|gray code'
        || '|power set of|hamming distance|word ladder|prefix sum|max(imum)? sub\w+'
        || '|number of islands|jump game|house robber|run-length|valid (sudoku'
        || '|parentheses|bst)|reverse (an? integer|bits|words in)|overlapping intervals'
        || '|anagrams?|in[- ]place (algorithm|and return)|in[- ]place\.?$'
        || '|permutations of (a|the|an) (string|list|array)|subsets of (a|the) (set'
        || '|list|array|string)|(check|determine|test|verify|validate) (if'
        || '|whether) (an?|two|the|this|all) (\w+ )?(strings?|numbers?|year|lists?|tree'
        || '|graph|date|email|input|variable|key|object|file|directory|characters?'
        || '|brackets|parentheses)|(module|command|package|symbol|class|header'
        || '|method) not found|permission denied|connection refused|out of memory'
        || '|access violation|(my|the) build (is|fails|failed|keeps)|deprecated'
        || '|whitespace|new ?lines? (character|from|in)|indentation (error|level)?'
        || '|curly braces|semicolons? (at|in) (the|code)|escape (character|sequence)s?'
        || '|placeholder (text|image) in|run(ning|s)? (a|the|my|two|this|multiple|both'
        || '|another) (\w+ )?scripts?|(into|as|with|in) a script|a script (to|that'
        || '|which|for (back|renam|mov|delet|convert|pars|autom|process)\w*)|(tool'
        || '|utility|bot|script|daemon|service|crawler) (that|which|to) (watch|back'
        || '|monitor|scan|rename|convert|download|sync|parse|scrape|send|notif'
        || '|organi[sz]e|extract|compress|resize|merge|generate|fetch|poll'
        || '|upload)(e?s)?( up)?|data model|(draw|plot|make|create|generate'
        || '|show) (me )?an? (bar|line|pie|scatter|area|box)[ -]?(chart|plot'
        || '|graph) (from|with|in|using)|(scatter|box|violin) ?plots?|histogram (of'
        || '|from|in)|from (a|the|this|my) (csv|json|xml|dataset)|csv (to|into|with'
        || '|using|columns?)|in parallel|(er|uml|class|sequence|entity relationship)'
        || ' diagrams?|(one|many)-to-many|edge cases|(handle|handling|log|catch|throw'
        || '|raise) (\w+ )?(errors?|exceptions?)|error handling|name (my|your'
        || '|the) (variables|functions|classes)|naming (conventions?|variables)|(hash'
        || '|salt|store|encrypt)(ing)? (a |the |user |my )?passwords?|buffer overflow'
        || '|sanitiz\w+ (input|user|html|data)|sprites?|tile ?maps?|player movement'
        || '|ray ?cast\w*|app (work|works|working|run|runs) (offline|on|in)|(app'
        || '|website|site|page) from scratch|emulator|apk file|profil(e|er|ing) (my|the'
        || '|a) (code|program|app)|inheritance (instead|over|rather|vs)|(the|from the'
        || '|in the|my) terminal|command (to|that|for) (list|find|show|delete|copy'
        || '|check|kill|count|search|print|rename|move)|what command|interrupts'
        || '|context switch|bootloader|type (hints?|annotations?)|(multi'
        || '|parallel)[- ]?(process|thread)ing|web ?scrap\w+|readme)\b'
    )
    -- words that mean code where two of them meet in a short text; of those that are
    -- at home elsewhere too, two beside one of them, or four
    or (
        length(text) <= 300
        and len(list_distinct(regexp_extract_all(
            lower(text),
            '\b(stack|queue|heap|node|array|string|integer|loop|variable|pointer|thread'
            || '|null|function|parameter|argument|module|dependenc|import|server'
            || '|database|column|query|schema|endpoint|deploy|commit|branch|repository'
            || '|terminal|command|directory|config|parse|regex|debug|exception'
            || '|algorithm|iterate|recursive|render|pixel|frontend|backend|code|byte'
            || '|bit|binary|boolean|dictionary|syntax|runtime|async|cache|inherit'
            || '|selector|browser|url|hash|vector|matrix|constructor|css'
            || '|javascript)(e?s|d|ed|er|ing|ies|y)?\b'
        ))) * 2
        + len(list_distinct(regexp_extract_all(
            lower(text),
            '\b(sort|method|package|library|request|row|table|file|folder|error|crash'
            || '|handler|print|output|input|object|class|property|properties|element'
            || '|tag|instance|keyword|expression|statement|block|token|session|program'
            || '|list|closure|layout|font|template|component|index|key|value|return'
            || '|type|test|user|page|form|memory|process|compile|attribute|implement'
            || '|script|operator|data|digit|character|software|style|link|event|image'
            || '|call|declare|initializ|assign|pass|field|submit|click|swap|scroll'
            || '|screen|version|install|retry|console|compare|client)(e?s|d|ed|ies|ing'
            || '|e|er)?\b'
        ))) >= if(length(text) <= 80, 3, 4)
    )
)
