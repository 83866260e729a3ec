"""Numbers about models and music, one module per question.

likelihood     how well does the model predict music it has not seen?
ngram          ... and how well does counting (unigram, Kneser-Ney 5-gram)?
copying        ... and counting helped by repeating the bar before?
structure      how often does a bar repeat an earlier one?
memorisation   how long a passage was copied from the training set?
report         all answers for one bundle, as plain values
card           the answers as a bundle's card and as a table of bundles

`sequences` is the form music is asked about in, `figures` the form of answers about prediction, `baselines`
the counting models side by side.
"""
