-- has_mathematics_terms: whether a text asks for mathematics in words that no pattern
-- of is_mathematics looks for: one term of the field that means nothing else, a verb
-- and the object it has only there, or a question of quantity put another way.
--
-- grain:  one boolean a text, null for null
-- inputs: text (what is asked, not the material under it)
-- params: none
-- source: school and university mathematics, English and Chinese; decided here
create or replace macro has_mathematics_terms(text) as (
    -- algebra, analysis, number theory
    regexp_matches(
        text,
        '(?i)\b((cubic|quartic|algebraic|simultaneous|exponential|logarithmic'
        || '|trigonometric|parametric|diophantine|wave|heat|laplace|bernoulli|quadratic'
        || '|linear|partial|ordinary|first[- ]order|second[- ]order|separable'
        || '|homogeneous) (differential )?(equation|function|inequalit(y|ies)'
        || '|expression|system)s?|inequalities|(solve|solving|satisfy|satisfies'
        || '|satisfying) (the|this|these|an?) (\w+ )?(equation|inequality|system'
        || '|integral|recurrence|ode|pde|triangle)s?|equations? of (the|a) (\w+ )?(line'
        || '|circle|plane|parabola|ellipse|tangent|hyperbola)|complet(e|ing) the square'
        || '|foil method|(numerator|denominator|quotient|divisor|dividend|exponent'
        || '|monomial|binomial|trinomial|cofactor|radicand)s?|(improper|equivalent|unit'
        || '|partial|decimal|simplest|reduced|mixed|continued) (fraction|form|number)s?'
        || '|(add|subtract|multiply|divide|simplify|compare) (the )?fractions?'
        || '|repeating decimal|scientific notation|significant figures|radicals?'
        || ' (expression|form)|cube roots?|square roots?|nth roots?|roots of (the|a'
        || '|this|x|an?)|(differentiate|integrate|antidifferentiate)( the)?('
        || ' function)?( \S+){0,3} with respect to|(differentiate|integrate'
        || '|antiderivative of) (\w\(|\d|[exy]\b|sin|cos|tan|ln|log|sec|the function)'
        || '|(first|second|third|partial|directional|implicit|logarithmic) (derivative'
        || '|differentiation)s?|(derivatives?|integrals?|antiderivative) (of|rule)'
        || '|(definite|indefinite|improper|double|triple|line|surface|riemann)'
        || ' (integral|sum)s?|integration by parts|u-substitution|l''h[oô]pital\w*'
        || '|power series (expansion|for|of|representation|solution)|(taylor|maclaurin'
        || '|geometric|harmonic|fourier|infinite|alternating|arithmetic) (series'
        || '|sequence|progression|expansion)s?|(ratio|root|integral|comparison) test'
        || '|squeeze theorem|(limit|limits) (of|as) (\S+ ){1,8}(approaches|as|goes'
        || '|tends|to infinity)|(what is|find|evaluate|compute|calculate) the limit'
        || '|converges? or diverges?|(series|sequence|integral) (to )?converges?'
        || '|simplify -?\d+|(local|global|absolute|relative) (maxim|minim|extrem)(a|um)'
        || '|critical points?|inflection points?|concav(e|ity) (up|down)|(inverse'
        || '|composite|even|odd|piecewise|continuous|differentiable|injective|bijective'
        || '|surjective|one-to-one) functions?|(domain|range|inverse|graph|zeros?|roots'
        || '|vertex) (and range )?of (the|a|this|f) (function|quadratic|polynomial'
        || '|parabola|equation|graph)|epsilon[- ]delta|modular (arithmetic|inverse)'
        || '|modulo \d+|(mod|modulo) (\d|p|n)\b|congruen(t|ce) (modulo|triangles?|to)'
        || '|coprime|relatively prime|euclidean algorithm|\b(gcd|lcm|hcf)\b|(highest'
        || '|lowest) common (factor|multiple|denominator)|(fermat|euler|gauss|cauchy'
        || '|bayes|pythagoras|pythagorean|lagrange|rolle|wilson|chinese remainder'
        || '|mean value|binomial|remainder|factor|central limit|green|stokes|divergence'
        || '|fundamental)(''s|s)? (little |last )?theorem|(triangular|perfect|fibonacci'
        || '|mersenne|perfect square|composite|transcendental|imaginary'
        || '|twin prime) numbers?|(sum|product) of (the )?(first|digits|all|squares'
        || '|cubes|its|their|roots|n|even|odd)|golden ratio|complex (number|plane'
        || '|conjugate|root)s?|de moivre|primes|pi digits|digits? of pi'
        || '|irrational numbers?|proofs? (by|that)|(prove|disprove) (that|the|or|this'
        || '|using|by)|(show|verify|deduce) (that )?(\S+ ){0,6}(divides|converges'
        || '|identity|divisible|inequality|irrational|even|odd|prime|continuous|linear'
        || '|invertible|bounded))\b|\b(is|are) (zero|infinity|\d+|one|pi'
        || '|0\.9+\S*) (an? )?(prime|even|odd|rational|irrational|integer|natural'
        || '|divisible|perfect|composite|real|equal to)\b|\b(sin|cos|tan|log|ln|arcsin'
        || '|arctan|sec|csc|cot)\b ?(\(|\d|x|of \d|\^|θ|theta)'
    )
    -- geometry, vectors, probability, statistics, discrete and abstract mathematics
    or regexp_matches(
        text,
        '(?i)\b((area|perimeter|volume|circumference|radius|diameter|surface area'
        || '|hypotenuse|height|sides?|length|width|angles?|diagonals?|apothem|altitude'
        || '|slope|dimensions) (and \w+ )?of (an?|the|each|this|its|two'
        || '|that) (\w+ ){0,2}(circle|square|triangle|rectangle|cube|sphere|cylinder'
        || '|cone|pyramid|prism|polygon|hexagon|pentagon|octagon|trapezoid|trapezium'
        || '|rhombus|parallelogram|ellipse|box|line|field|pool|ladder)|(interior'
        || '|exterior|acute|obtuse|right|central|inscribed|supplementary|vertical'
        || '|complementary|corresponding) angles?|(right|scalene|isosceles|similar'
        || '|equilateral|obtuse|acute)[- ](angled )?triangles?|(circle|square|rectangle'
        || '|cube|sphere|cone|cylinder|triangle|polygon|rectangular \w+) (with|has'
        || '|whose|of) (an? |the |sides? |its )*(radius|diameter|side|sides|length|base'
        || '|area|perimeter|height|width|volume|edge)|(pi|π) ?r|radians|bisector'
        || '|tangent (line|to)|secant|chord of|arc length|unit circle|(polar|cartesian'
        || '|spherical) coordinates?|coordinate plane|(law|rule) of (sines?|cosines?'
        || '|signs|exponents|logarithms|large numbers|\d+)|sohcahtoa|trigonometr\w+'
        || '|euclidean|pythagor\w+|parabolas?|hyperbola|ellipses|(cross|dot|inner'
        || '|scalar|tensor) products?|unit vectors?|vector (space|field)s?|eigen\w+'
        || '|determinants?|(inverse|rank|trace|transpose|null space|kernel) of (a|the'
        || '|this) (\w+ )?(matrix|map)|matrix (multiplication|inverse|addition|algebra)'
        || '|(two|identity|square|symmetric|orthogonal|singular|diagonal'
        || '|invertible) matri(x|ces)|linear (algebra|independence|transformation'
        || '|combination|programming|map)s?|linearly (in)?dependent|gaussian'
        || ' elimination|row[- ](echelon|reduc\w+)|gram-schmidt|(sample|population'
        || '|conditional|joint|binomial|poisson|normal|expected|uniform|geometric'
        || '|bayesian) (mean|variance|probability|distribution|value|standard'
        || ' deviation)s?|probabilit(y|ies) (of|that|it|to|is|for)|(what|calculate|find'
        || '|the) (are |is )?the (odds|chances?|probability) (of|that|to)|(fair|two'
        || '|three|six-sided|biased) (coins?|dice|die)|(roll|rolls|rolled|rolling|toss'
        || '|tosses|flip|flips|flipping) (an?|two|three|\d) (fair |six-sided )?(die'
        || '|dice|coins?)|deck of (52 )?cards|(drawn|picked|chosen|selected) (at random'
        || '|randomly)|random variables?|z-?scores?|p-values?|\d+ ?% confidence'
        || '|confidence intervals? (for|of|around)|(null|alternative) hypothesis'
        || '|hypothesis test\w*|chi-squared?|t-tests?|anova|regression (line|equation'
        || '|coefficient)s?|least squares|correlation coefficient|interquartile'
        || '|percentiles?|(mean|median|mode)(,| and| or) (the )?(mean|median|mode'
        || '|range)|(mean|median|mode|average) of (the|these|this|\d|following|a'
        || '|\[)( \S+)? ?(data|numbers?|set|values|scores|list|\d|,|first)|(arithmetic'
        || '|geometric|harmonic|weighted) (mean|average)|(combinations?|permutations?'
        || '|arrangements?) (of|are|with) (\d|the|n|these|how)|how many (different'
        || '|distinct|possible|unique) (ways|combinations|arrangements|passwords'
        || '|outfits|numbers|subsets|words|handshakes|teams|committees|pairs|paths'
        || '|triangles)|\b(n|\d+) choose (k|\d+)|pigeonhole|pascal''s triangle'
        || '|(truth table|boolean algebra|power set|venn diagram|cardinality|set theory'
        || '|graph theory|group theory|number theory|game theory|abelian|isomorphi\w+'
        || '|homomorphi\w+|homeomorphi\w+|topolog(y|ical space)s?|manifolds?|banach'
        || '|hilbert space|metric space|(finite|quotient|cyclic|symmetric|normal'
        || '|galois) (field|group|ring|subgroup)s?|mathematical induction|by induction'
        || '|recurrence relation|laplace transform|fourier transform|lipschitz'
        || '|markov chain|newton''s method|simpson''s rule|trapezoid(al)? rule'
        || '|riemann hypothesis|jacobian|hessian|gradient of|curl of)|maths?'
        || '|mathematical (proof|formula|expression|model|equation|problem|puzzle)s?'
        || '|mathematician''s|word problems?|pre-?calculus|algebraic|times tables?'
        || '|multiplication (table|fact)s?|long division|order of operations|pemdas'
        || '|bodmas|mental arithmetic|magic square|number line|place value'
        || '|roman numerals?|(round|rounded|rounding) (to|up|down|\d)( the)? ?(nearest'
        || '|one|two|three|\d))\b'
    )
    -- sums in words; rates, shares, prices, units and growth
    or regexp_matches(
        text,
        '(?i)\b((add|subtract|sum|multiply|divide|total) (up )?(the )?(numbers?'
        || ' )?-?[\d.]+ ?(and|by|from|with|to|,|\+)|(half|twice|double|triple|square'
        || '|cube|a third|a quarter|two[- ]thirds|three[- ]quarters|\d/\d) of \$?\d'
        || '|(what|which) percent(age)?|percent(age)? (increase|decrease|change|error'
        || '|difference)|(find|calculate) the percent(age)?|\d ?(%|percent) of (\$?\d'
        || '|what|(the|a|all) (\w+ )?(students|total|people|class|number|population))'
        || '|as a (percentage|percent|fraction|decimal)|percent(age)? (to|into'
        || '|as) (a )?(decimal|fraction)|fraction (to|into|as) (a )?(decimal|percent)'
        || '|decimals? (to|into|as) (a )?(fraction|percent)|ratio of \S+ to'
        || '|in the ratio|(directly|inversely) proportional|(miles|km|kilometers'
        || '|kilometres|meters|feet) per (hour|second|minute)|\d ?(mph|km/h|m/s)\b'
        || '|(average|constant) speed of|(simple|compound|annual|monthly'
        || '|interest) (interest|rate of|payment)|compounded|(sales|income) tax of \d'
        || '|\d ?(%|percent) (tip|tax|discount|off|interest|apr|per|annual|increase'
        || '|chance|faster|more|less)|(mark(ed)?[- ]?up|discounted?) (by|of|price)'
        || '|profit (margin|percentage)|break[- ]even|(doubles?|triples?'
        || '|halves?) (every|each)|half-life|exponential(ly)? (growth|decay)|(convert'
        || '|change) [\d.,/]+ ?\S* (\w+ )?(to|into)|how many (cups|pints|quarts|ounces'
        || '|pounds|gallons|liters|litres|feet|yards|miles|km|millimeters|centimetres'
        || '|metres|kilometers|kilograms|bytes|bits|cents|nickels|dimes|quarters|weeks'
        || '|months|years)( \w+)? (are|is|make|equal)( there)?( in)? (a|an|one|\d)'
        || '|[\d.,]+ (inches|feet|miles|pounds|ounces|kg|kilograms|grams|liters|gallons'
        || '|celsius|fahrenheit|degrees celsius|km|cm|meters|yards|acres) (in|to|into'
        || '|is how many|equals?)|(what is|what''s|how much is|calculate|compute'
        || '|evaluate|work out) (the (sum|product|difference|value|result'
        || '|answer) of )?[-(\[$]?\d[\d.,]*\)? ?([-+*/x×÷^%]|plus|minus|times|divided'
        || '|multiplied|squared|cubed|mod|to the power|factorial|!|of)|(years?'
        || '|times) (older|younger|as old|as (many|much|long|heavy|tall|fast)) (than'
        || '|as)|next (number|term)s? in (the|this)|(find|complete|continue'
        || '|what is) the (missing|next|pattern|nth) (number|term)s?|split (\$?\d\S*'
        || '|the bill|it) (equally|evenly|between|among)|evenly (among|between)|(left'
        || '|remaining|remain|altogether|in total|change (will|does|should) \w+ (get'
        || '|receive))\?)'
    )
    -- questions about the notions of school mathematics
    or (
        length(text) <= 120
        and regexp_matches(
            text,
            '(?i)\b(what (is|are)|what''s|explain|define|teach me|help me (with'
            || '|understand)|how (do|does|can|to|would|should)( (i|you|we|one))?'
            || '|difference between|why (is|are|do|does|can''t)|examples? of|practice'
            || '|show me)\b'
        )
        and regexp_matches(
            text,
            '(?i)\b(fractions?|decimals?|percentages|exponents?|logarithms?'
            || '|polynomials?|matri(x|ces) (multipl|add|invers|determin)\w*'
            || '|multiply(ing)? matrices|integers?|prime numbers?|imaginary|square root'
            || '|cube root|quadratics?|parabola|infinity (plus|minus|times|divided)'
            || '|(plus|minus|times|by) infinity|divide by zero|dividing by zero'
            || '|divided by zero|zero factorial|angles?( between| of| in)|triangles?'
            || '|polygons?|trig|sine|cosine|tangent (of|function)|derivatives?( of'
            || '| work)|integrals?|antiderivatives?|calculus|algebra|geometry'
            || '|long multiplication|slope|y-intercept|x-axis|y-axis|number bases?'
            || '|probability|permutations?|combinations? and|standard deviation'
            || '|variance|median|bell curve|statistics formula|area under (a|the) curve'
            || '|negative numbers?|absolute value|scientific notation|ratios?( work'
            || '| and)|proportions?|asymptotes?|sets? (theory|notation)|mathematical'
            || '|equation of)\b'
        )
    )
    or regexp_matches(
        text,
        '(?i)\bhow many (edges|vertices|faces|corners|sides|diagonals|degrees|zeros'
        || '|digits|factors|divisors|primes|integers)\b|\d ?% of [xyna]\b|angle between'
        || '|\bplot (y|the (function|graph))|graph (y|the (function|equation|line'
        || '|inequality|parabola))'
    )
    -- prices and parts, beside a number
    or (
        regexp_matches(text, '\d')
        and regexp_matches(
            text, '(?i)\b(each|apiece|per (item|person|pound|ticket|day|week|box))\b'
        )
        and regexp_matches(
            text, '(?i)\b(how (much|many|long)|what is the total|total cost)\b'
        )
    )
    or (
        regexp_matches(text, '\d')
        and regexp_matches(text, '(?i)\bwhen (do|will) they meet')
    )
    or regexp_matches(
        text,
        '(?i)\b(half|quarters?|thirds?|double|twice|triple) of (an? |the )?(half|third'
        || '|quarter|two|three|one|\d)\w*|(in|to|from|is|of|number) (base[- ](\d+|two'
        || '|eight|ten|sixteen)|binary|hexadecimal)\b|\d+ x \d+\b|\b(sum|adds?'
        || '|total) (up )?to \d|\bthe (sum|product|difference|quotient) of (a|two|three'
        || '|\d|the|all|its|these)|\bconsecutive (even |odd )?(integers|numbers)'
        || '|\bestimate \d'
    )
    -- a question beside two quantities: with units, or one to compare
    or (
        length(text) <= 400
        and len(regexp_extract_all(
            text,
            '\d[\d.,]*[ -]?(kg|g|mg|lbs?|m/s²?|km/h|mph|km|m|cm|mm|ft|N|J|kJ|W|kW|V|A'
            || '|Hz|mol|M|mL|L|atm|k?Pa|MPa|°C|°F|K|eV|nm|ohms?|Ω|volts?|amperes?|amps?'
            || '|watts?|joules|newtons|moles|grams|kilograms|meters|metres|feet|miles'
            || '|seconds|hours|minutes)\b'
        )) >= 2
        and regexp_matches(
            text,
            '(?i)\b(calculate|compute|determine|find|what is (the|its|his|her|their)'
            || '|what''s the|what would|what will|how (much|many|far|long|fast|high)'
            || '|(who|which)( \w+){0,4} (faster|slower|heavier|longer|first|cheaper'
            || '|more|higher))\b'
        )
    )
    or (
        length(text) <= 150
        and len(regexp_extract_all(text, '\d+')) >= 2
        and regexp_matches(
            text,
            '(谁|哪(个|种|家|位|组|辆|条))[^。？?]{0,10}(快|慢|多|少|便宜|划算|贵|重|轻|长|短|高'
            || '|合算)[^。？?]{0,4}[？?。]?\s*$|\b(who|which)( \w+){0,4} (faster|slower'
            || '|heavier|lighter|cheaper|taller|older|better (deal|buy|value))\b'
        )
    )
    -- the same in Chinese
    or regexp_matches(
        text,
        '什么是(虚数|实数|复数|自然数|整数|分数|小数|负数|函数|方程|比例|集合)|数学(归纳|建模|公式|证明|符号)|高数|奥数|线性代数|概率论|数论'
        || '|集合论|群论|拓扑学|代数|(平面|立体|解析)几何|几何(题|图形|证明|体)|函数(图像|单调|的?定义域|的?值域|的?极值'
        || '|的?最[大小]值)|(二次|三角|指数|对数|幂|反|隐|复合|连续|可导|奇|偶)函数|正弦|余弦|正切|(sin|cos|tan|log'
        || '|ln) ?[(（\dxθα]|[一二三]元[一二三]?次?方程|微分方程|不定积分|定积分|二重积分|偏导|全微分|泰勒|洛必达|拉格朗日|中值定理'
        || '|柯西|傅里叶|(数列|函数|左|右)极限|极限(值|是|为|存在)|收敛|级数|矩阵|特征值|特征向量|逆矩阵|行列式|[^持]向量[^机]|叉积'
        || '|点积|线性(相关|无关|方程|变换|规划)|正交|矩阵的秩|排列组合|全排列|排列数|组合数|多少种(不同的?(排|方|走|取|组|结|可|选|颜'
        || '|数|拿|坐)|可能|方法|情况|组合|排|走|取|选)|几种(方法|可能|排法|走法|取法|选法)|二项式|期望值?(是|为|和方差)|方差|标准差'
        || '|中位数|众数|平均数|正态分布|概率(密度|分布|是|为|有)?(多大|多少|公式)?[？?。]|的概率(是|为|有多)|骰子|抛硬币|(正|长'
        || '|立)方[形体](的|内|中|盒|边|周|面|体)|梯形|菱形|平行四边形|圆柱|圆锥|球体|正四面体|多边形|内角|外角|对角线|斜边|直角边|弧度'
        || '|圆周率|(表|底|侧)面积|周长|体积(是|为|公式)|抛物线|椭圆|双曲线|坐标系|斜率|最小公倍|最大公约|最大公因|质因数|约数|倍数|整除'
        || '|合数|奇数|偶数|完全平方|立方根|平方和|同余|取模|证明.{0,20}(定理|等式|不等|无理|有限|无限|存在|成立|收敛|连续|[=＝])'
        || '|解.{0,4}方程|解不等式|求解|求.{0,8}(导数|极限|概率|最[大小]值|面积|周长|体积|通项|前n项|之和|高|边长|半径)|(加上'
        || '|减去|乘以|除以|加|减|乘|除)\s*\d|\d\s*(加|减|乘|除以|乘以)|次方|开(平方|根号)|根号|百分之[一二三四五六七八九十\d]'
        || '|(等于|换算|折合)[^。]{0,8}(多少|几)|\d[^。，]{0,6}(等于|是)多少|\d/\d和\d/\d|是多少(度|米|厘米|千米'
        || '|公里|千克|克|升|元|平方)|[一二三四五六七八九十\d]+(斤|公斤|千克|米|厘米|公里|英里|平方米|亩|升|毫升)(等于|是|合|换算)'
        || '|利息(是|为|共|有|一共)?多少|年利率|打几折|涨价|降价\d|速度(为|是)?(每|\d)|每(小时|分钟|秒)(行|走|跑|骑|行驶)?\d'
        || '|相遇问题|追及|甲、?乙两(地|人|车|队|数|个)|鸡兔同笼|植树问题|行程问题|工程问题|(剩下?|还剩|一共|总共'
        || '|平均每).{0,16}(多少|几)|是.{1,6}的(几|多少)倍|(规律|下一个数|第\d+(颗|项|个数))[^。]{0,10}(是|填|什么)'
        || '|[xy]\s*的值|已知[^。]{0,30}(求|则|[=＝])|(二|八|十六|十)进制.{0,10}(转|换|计算)'
    )
)
