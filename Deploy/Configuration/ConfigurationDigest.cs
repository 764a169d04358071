using System.Collections;
using System.Security.Cryptography;
using System.Text;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Digests a configuration, so that a fleet can see which devices have the same one.</summary>
internal static class ConfigurationDigest
{
    private const int Digits = 16;

    /// <summary>The first 16 hexadecimal digits of the SHA-256 over all keys and values, defaults included. What may hold a secret is left out:
    /// camera sources, and addresses of webhooks and brokers.</summary>
    public static string Of(EdgeOptions options)
    {
        var text = new StringBuilder();
        Write(text, EdgeOptions.Section, typeof(EdgeOptions), options);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..Digits];
    }

    private static void Write(StringBuilder text, string key, Type type, object options)
    {
        foreach (var setting in Setting.Of(type).Where(setting => !setting.IsSecret))
        {
            var name = $"{key}:{setting.Name}";
            var value = setting.Property.GetValue(options);
            switch (setting.Shape)
            {
                case SettingShape.Group:
                    Write(text, name, setting.Type, value!);
                    break;
                case SettingShape.Map:
                    foreach (DictionaryEntry entry in (IDictionary)value!)
                    {
                        Write(text, $"{name}:{entry.Key}", setting.Type, entry.Value!);
                    }

                    break;
                case SettingShape.List:
                    text.Append(name).Append('=').AppendJoin('\0', (List<string>)value!).Append('\n');
                    break;
                case SettingShape.Value:
                    text.Append(name).Append('=').Append(value is null ? "" : ScalarText.Format(value)).Append('\n');
                    break;
                default:
                    throw new InvalidOperationException($"A setting of the shape {setting.Shape} has no digest.");
            }
        }
    }
}
