using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Yarp.ReverseProxy.Configuration;

namespace Gateway.Configuration;

/// <summary>
/// Holds a configuration section against the type it will be bound to, and lists every key that is not known and
/// every value that does not convert or lies outside its stated range. The binder would skip the first silently and
/// stop at the first of the second.
/// </summary>
internal static class SchemaCheck
{
    public static List<ConfigFault> Check(IConfiguration configuration, Type shape)
    {
        List<ConfigFault> faults = [];
        CheckObject(configuration, shape, faults);
        return faults;
    }

    /// <summary>The keys that can stand in an object of that type.</summary>
    public static IEnumerable<PropertyInfo> Keys(Type shape) =>
        shape.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite && !IsNameOfItself(property));

    /// <summary>A value that is written as one JSON string, number or boolean.</summary>
    public static bool IsScalar(Type type) =>
        type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(TimeSpan) || type == typeof(Uri)
        || type == typeof(Version);

    private static void CheckSection(
        IConfigurationSection section, Type type, PropertyInfo? key, List<ConfigFault> faults)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        bool hasChildren = section.GetChildren().Any();
        if (type == typeof(object))
            return;
        if (IsScalar(type) && !(type.IsEnum && hasChildren))
            CheckValue(section, type, key, hasChildren, faults);
        else if (!string.IsNullOrEmpty(section.Value))
            faults.Add(new(section.Path, $"'{section.Value}' stands where an object or a list belongs"));
        else if (ElementType(type) is { } element)
            foreach (IConfigurationSection child in section.GetChildren())
                CheckSection(child, element, null, faults);
        else
            CheckObject(section, type, faults);
    }

    private static void CheckObject(IConfiguration section, Type type, List<ConfigFault> faults)
    {
        List<PropertyInfo> keys = [.. Keys(type)];
        foreach (IConfigurationSection child in section.GetChildren())
        {
            PropertyInfo? key = keys.Find(k => k.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (key is null)
                faults.Add(new(child.Path, $"unknown key{KeyHint.For(child.Key, keys.Select(k => k.Name))}"));
            else
                CheckSection(child, key.PropertyType, key, faults);
        }
    }

    private static void CheckValue(
        IConfigurationSection section, Type type, PropertyInfo? key, bool hasChildren, List<ConfigFault> faults)
    {
        if (hasChildren)
        {
            faults.Add(new(section.Path, $"an object or a list stands where {Describe(type)} belongs"));
            return;
        }
        if (section.Value is not { } text)
            return;
        if (!TryConvert(text, type, out object? value))
            faults.Add(new(section.Path, $"'{text}' is not {Describe(type)}"));
        else if (key?.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value))
            faults.Add(new(section.Path, $"'{text}' is out of range, which is {range.Minimum} to {range.Maximum}"));
        // A text with a least length is a secret, which is not repeated.
        else if (key?.GetCustomAttribute<MinLengthAttribute>() is { } least && !least.IsValid(value))
            faults.Add(new(section.Path, $"is shorter than {least.Length} characters"));
    }

    private static bool TryConvert(string text, Type type, out object? value)
    {
        value = text;
        if (type == typeof(string))
            return true;
        // The converter takes "10" for ten days and "24:00:00" for twenty-four, which nobody means.
        if (type == typeof(TimeSpan) && (!text.Contains(':', StringComparison.Ordinal)
            || !TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out _)))
            return false;
        try
        {
            value = TypeDescriptor.GetConverter(type).ConvertFromString(null, CultureInfo.InvariantCulture, text);
            // A number converts to any enum; only names are meant.
            return !type.IsEnum || Enum.GetNames(type).Contains(text, StringComparer.OrdinalIgnoreCase);
        }
        // Converters of the base library throw all kinds, wrapped or not; each means "no".
        catch (Exception fault) when (fault is FormatException or ArgumentException or OverflowException
            or NotSupportedException || fault.InnerException is FormatException or OverflowException)
        {
            return false;
        }
    }

    private static string Describe(Type type) => type switch
    {
        _ when type.IsEnum => $"one of {string.Join(", ", Enum.GetNames(type))}",
        _ when type == typeof(TimeSpan) => "a time as in 00:00:10",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(Version) => "a version as in 1.1",
        _ when type == typeof(Uri) => "a URI",
        _ when type == typeof(string) => "a text",
        _ => "a number of its range",
    };

    private static Type? ElementType(Type type)
    {
        if (type.IsEnum)
            return type;
        if (!typeof(IEnumerable).IsAssignableFrom(type))
            return null;
        Type[] arguments = type.IsArray ? [type.GetElementType()!] : type.GetGenericArguments();
        return arguments[^1];
    }

    // YARP's ids are the names of the objects and not keys inside them.
    private static bool IsNameOfItself(PropertyInfo property) =>
        (property.DeclaringType == typeof(RouteConfig) && property.Name == nameof(RouteConfig.RouteId))
        || (property.DeclaringType == typeof(ClusterConfig) && property.Name == nameof(ClusterConfig.ClusterId));
}
