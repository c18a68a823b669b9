using System.Text;

namespace Vrrp.Daemon.Tests;

/// <summary>Damages texts, always the same way for a seed.</summary>
internal static class Mutation
{
    /// <summary>The text with a few bytes changed, put in, taken out, or copied elsewhere.</summary>
    public static byte[] Of(string text, string[] words, Random random)
    {
        List<byte> bytes = [.. Encoding.UTF8.GetBytes(text)];
        for (int i = random.Next(1, 8); i > 0 && bytes.Count > 1; i--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(words[random.Next(words.Length)]));
                    break;
                default:
                    bytes.Insert(at, (byte)"{}[]\",:#!$\\\n '@"[random.Next(15)]);
                    break;
            }
        }

        return [.. bytes];
    }
}
