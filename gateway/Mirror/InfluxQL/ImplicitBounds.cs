namespace InfluxMirror.InfluxQL;

/// <summary>
/// The SELECTs of a statement that influxd would end at the present. Version 1.6 does so with an aggregate over time
/// intervals, unless it or a SELECT around it has an end already; so what is found for subqueries holds only while no
/// SELECT around them has an end, which comes later in the text.
/// </summary>
internal struct ImplicitBounds
{
    private List<Bound>? _bounds;

    public readonly int Count => _bounds?.Count ?? 0;

    /// <summary>Takes in a SELECT that has been read to its end, after those inside it.</summary>
    public void Close(SelectScope scope)
    {
        if ((scope.HasUpperBound || scope.HasInterval) && Count > scope.FirstBound)
        {
            _bounds!.RemoveRange(scope.FirstBound, Count - scope.FirstBound);
        }

        if (scope.HasInterval && !scope.HasUpperBound && scope.SourcesEnd > 0)
        {
            (_bounds ??= []).Add(new Bound(scope.SourcesEnd, scope.WhereStart, scope.WhereEnd));
        }
    }

    /// <summary>The places where the ends have to be written, after those given.</summary>
    public readonly List<FreezePoint>? AddTo(List<FreezePoint>? points)
    {
        if (Count == 0)
        {
            return points;
        }

        points ??= [];
        foreach (Bound bound in _bounds!)
        {
            if (bound.WhereStart < 0)
            {
                points.Add(new FreezePoint(FreezeKind.NewCondition, bound.SourcesEnd, bound.SourcesEnd));
            }
            else
            {
                points.Add(new FreezePoint(FreezeKind.OpenCondition, bound.WhereStart, bound.WhereStart));
                points.Add(new FreezePoint(FreezeKind.CloseCondition, bound.WhereEnd, bound.WhereEnd));
            }
        }

        return points;
    }

    private readonly record struct Bound(int SourcesEnd, int WhereStart, int WhereEnd);
}
