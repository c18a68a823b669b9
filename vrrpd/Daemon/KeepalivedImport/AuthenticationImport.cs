using System.Text;

namespace Vrrp.Daemon.KeepalivedImport;

/// <summary>Turns the authentication of an instance into its password.</summary>
internal sealed class AuthenticationImport(ImportNotes notes)
{
    private KeepalivedNode? _password;
    private string? _type;

    /// <summary>Takes an authentication block.</summary>
    public void Read(KeepalivedNode block)
    {
        notes.Kept(block, "Password");
        foreach (KeepalivedNode node in block.Children)
        {
            if (node is { Keyword: "auth_type", Words.Count: > 0 })
                ReadType(node);
            else if (node is { Keyword: "auth_pass", Words.Count: > 0 })
                _password = node;
            else
                notes.NotKept(node, NoCounterpart.Reason(node.Keyword));
        }
    }

    private void ReadType(KeepalivedNode node)
    {
        _type = node.Value;
        if (_type == "PASS")
            notes.Kept(node, "Password");
        else
            notes.NotKept(node, "vrrpd knows PASS alone, and a keepalived with another one does not hear vrrpd");
    }

    /// <summary>The password; null where keepalived sends none either, or another kind.</summary>
    public string? Password(bool isVersion2)
    {
        if (_password is null)
            return null;
        string text = _password.Value;
        if (_type != "PASS")
        {
            notes.NotKept(_password, "is not sent without auth_type PASS");
            return null;
        }

        if (!isVersion2)
        {
            notes.NotKept(_password, "version 3 has none, keepalived does not send it either; Peers says who may");
            return null;
        }

        if (text.Length <= AdvertPassword.Length || !Ascii.IsValid(text))
        {
            notes.Kept(_password, "Password");
            return text;
        }

        notes.Changed(_password, "the first 8 characters are kept; keepalived sends only those too");
        return text[..AdvertPassword.Length];
    }
}
