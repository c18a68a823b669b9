using System.Text;

namespace InfluxMirror.InfluxQL;

/// <summary>Takes passwords out of queries that are to be logged.</summary>
public static class StatementMasker
{
    private const string Redacted = "'[REDACTED]'";

    /// <summary>
    /// Replaces the literals of <c>CREATE USER … WITH PASSWORD '…'</c> and <c>SET PASSWORD FOR … = '…'</c> by
    /// <c>'[REDACTED]'</c>; the same instance comes back when there are none. In doubt it hides more: the rest of a
    /// statement where something else than a string stands in the place of a password, and everything behind the
    /// first "password" in a query that cannot be read to its end.
    /// </summary>
    public static string Mask(string query)
    {
        ArgumentNullException.ThrowIfNull(query);
        int first = query.IndexOf("password", StringComparison.OrdinalIgnoreCase);
        if (first < 0)
        {
            return query;
        }

        var cursor = new TokenCursor(query);
        var masked = new StringBuilder(query.Length);
        int copied = 0;
        while (cursor.Current.Kind is not (TokenKind.End or TokenKind.Fault))
        {
            if (!cursor.Accept(Keyword.Password))
            {
                cursor.Advance();
                continue;
            }

            if (cursor.Current.Keyword == Keyword.For)
            {
                SkipToEqual(ref cursor);
            }

            QueryToken secret = cursor.Current;
            if (secret.EndsStatement || secret.Kind == TokenKind.Parameter)
            {
                continue;
            }

            masked.Append(query, copied, secret.Start - copied).Append(Redacted);
            copied = EndOfSecret(ref cursor);
        }

        if (cursor.Current.Kind == TokenKind.Fault)
        {
            int shown = first + "password".Length;
            return string.Concat(query.AsSpan(0, shown), " ", Redacted);
        }

        return copied == 0 ? query : masked.Append(query, copied, query.Length - copied).ToString();
    }

    private static void SkipToEqual(ref TokenCursor cursor)
    {
        while (!cursor.Current.EndsStatement)
        {
            bool equal = cursor.Current.Kind == TokenKind.Equal;
            cursor.Advance();
            if (equal)
            {
                return;
            }
        }
    }

    /// <summary>A string is the secret; anything else in its place hides the rest of the statement.</summary>
    private static int EndOfSecret(ref TokenCursor cursor)
    {
        QueryToken secret = cursor.Current;
        cursor.Advance();
        if (secret.Kind == TokenKind.String)
        {
            return secret.End;
        }

        while (!cursor.Current.EndsStatement)
        {
            secret = cursor.Current;
            cursor.Advance();
        }

        return secret.End;
    }
}
