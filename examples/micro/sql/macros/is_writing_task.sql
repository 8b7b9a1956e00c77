-- is_writing_task: whether a prompt opens by asking for prose, or for a text to be put
-- into other words. What such prose is about says little of what is asked, so the wide
-- vocabularies of code and mathematics are not looked for in it.
--
-- grain:  one boolean a text, null for null
-- inputs: text
-- params: none
-- source: decided here
create or replace macro is_writing_task(text) as (
    regexp_matches(
        left(text, 160),
        '(?i)\b(summari[sz]e|paraphrase|rephrase|proofread|reword)\b|\b(translate'
        || '|rewrite|polish|edit|improve) (the|this|my|following|into|"'
        || '|from)[^.]{0,30}\b(text|sentence|paragraph|article|passage|essay|email'
        || '|letter|content|post|english|french|spanish|german|chinese|quote|update'
        || '|statement)\b|\bextract\b.{0,40}\b(keywords?|entities|names)\b|\b(write'
        || '|draft|compose|create|generate|craft|give|make)\b.{0,60}\b(poems?|essays?'
        || '|story|stories|articles?|blog( posts?)?|posts?|letters?|e-?mails?|speech'
        || '|songs?|haikus?|limericks?|rap|tweets?|bio|biography|resume|cover letter'
        || '|advertisement|ads?|press release|reviews?|headlines?|titles?|slogans?'
        || '|lesson plan|lesson sequence|roadmap|job (post(ing)?|description)'
        || '|revision notes)( (about|on|for|to|from|that|titled|with|of|explaining'
        || '|announcing|describing|where|asking|in which|based)\b|[.,:]|$)|(翻译|改写|润色|概括'
        || '|总结|扩写|校对)[^。]{0,12}(文章|句子|段落|文本|这段话|以下|内容|[：:])|写一?(篇|首|封)|(根据|阅读|为|给'
        || '|对)(以下|下面|这篇|上述)[^。]{0,6}(文章|文本|段落|新闻)'
    )
)
